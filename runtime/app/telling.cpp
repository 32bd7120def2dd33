// Who is told of what, beside the page: the outbox and the alerts, wired to the project.
#include <filesystem>

#include "app/state.h"

namespace tidewire::app {

Result<MailServer> App::State::mail_server() {
  if (!project_.mail.is_object()) return MailServer{};
  const Value known = TRY(secrets_.resolve(project_.mail));
  return MailServer{known.string_or("url"), known.string_or("from"), known.string_or("user"), known.string_or("password")};
}

std::unique_ptr<Outbox> App::State::make_outbox() {
  return std::make_unique<Outbox>(Outbox::Ports{loop_, clock_, random_, *store_, *client_, log_, [this] { return engine_->mappings(); }, [this] { return mail_server(); },
                                                [this](const Value& marked) { return secrets_.resolve(marked); }, [this](const std::string& text) { return redacted(text); }});
}

std::unique_ptr<Tracer> App::State::make_tracer() {
  return std::make_unique<Tracer>(Tracer::Ports{loop_, clock_, *client_, log_, std::filesystem::path(options_.folder).filename().string(), TIDEWIRE_VERSION,
                                                [this]() -> const std::optional<TraceConfig>& { return project_.traces; }, [this](const Value& marked) { return secrets_.resolve(marked); }});
}

std::unique_ptr<Alerts> App::State::make_alerts() {
  Alerts::Ports ports{loop_, random_, *this, log_, std::filesystem::path(options_.folder).filename().string(), [this]() -> const std::optional<AlertConfig>& { return project_.alerts; }, [this] { if (outbox_) outbox_->look(); },
                      [this](const Value& notice) { if (outbox_) outbox_->send_now(notice); },
                      [this](const std::string& name, const std::string& collection) -> std::optional<std::int64_t> {
                        const auto found = connections_.find(name);
                        if (found == connections_.end() || Listener::has_news(*found->second)) return std::nullopt;
                        const auto& known = found->second->webhooks().by_collection;
                        const auto count = known.find(collection);
                        return count == known.end() ? 0 : count->second;
                      }};
  return std::make_unique<Alerts>(std::move(ports));
}

}  // namespace tidewire::app
