// handshake.h — the first message of a system that makes up the secret of its webhooks itself.
//
// Such a system (Notion) tells a new address its secret once, in a message signed with that very secret, and sends nothing
// more until a person gives it back. It proves nothing about the sender, so it is only shown, and only while the connection
// has no secret yet.
#pragma once

#include <optional>
#include <string>

#include "base/value.h"
#include "http/message.h"

namespace tidewire::app {

/// The secret that `request` brings, by `proof.handshake = { member, header, prefix }` of a connection's declarations;
/// nullopt for any other request, for one that its secret does not sign, a secret beyond all measure, and where no handshake is declared.
std::optional<std::string> handshake_secret(const Value& declared, const http::Request& request);

}  // namespace tidewire::app
