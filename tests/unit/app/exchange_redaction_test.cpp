#include "app/exchange_redaction.h"

#include <catch2/catch.hpp>

#include "base/json.h"
#include "sync/redaction.h"

using namespace tidewire;
using namespace tidewire::app;

namespace {

Exchange::Body body_of(std::string text, std::string type = "application/json") { return {std::move(type), std::move(text), 0, {}}; }

Exchange patch(const std::string& sent, const std::string& answer, const std::string& status = "200") {
  Exchange one;
  one.method = "PATCH";
  one.target = "https://app.example/rest/people?id=eq.1";
  one.sent = body_of(sent);
  one.status = status;
  one.answer = body_of(answer);
  return one;
}

const std::set<std::string> kSsn{"ssn"};

std::string hash_of(const Value& value) { return sync::hashed(value).as_string(); }

/// Nothing of it, wherever it might stand.
bool shows(const Exchange& one, const std::string& text) {
  for (const std::string* part : {&one.target, &one.sent.text, &one.answer.text, &one.error}) {
    if (part->find(text) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("exchange redaction: what is said in clear stays as it was sent", "[app][exchanges]") {
  const Redactor nothing;

  const Exchange kept = as_kept(patch("{\"name\": \"Ada\",  \"n\": 1.50}", "<html>no</html>", "500"), {}, true, nothing);

  CHECK(kept.sent.text == "{\"name\": \"Ada\",  \"n\": 1.50}");
  CHECK(kept.answer.text == "<html>no</html>");
  CHECK(kept.answer.left_out.empty());
  CHECK(kept.sent.cut == 0);
}

TEST_CASE("exchange redaction: a secret is in no part of it", "[app][exchanges]") {
  Redactor redactor;
  redactor.add("APP_KEY", "s3cr3t/key");
  Exchange one = patch("{\"key\": \"s3cr3t/key\"}", "{\"echo\": \"s3cr3t/key\"}");
  one.target = "https://ann:pass@app.example/x?apikey=s3cr3t%2Fkey&id=1";

  const Exchange kept = as_kept(one, {}, false, redactor);

  CHECK_FALSE(shows(kept, "s3cr3t"));
  CHECK_FALSE(shows(kept, "ann:pass"));
  CHECK(kept.target == "https://[hidden]@app.example/x?apikey=[hidden]&id=1");
  CHECK(kept.sent.text == "{\"key\": \"[secret APP_KEY]\"}");
}

TEST_CASE("exchange redaction: a secret at the cut of a body leaves no half", "[app][exchanges]") {
  Redactor redactor;
  redactor.add("APP_KEY", "s3cr3t-of-the-app");
  const std::string sent = std::string(kKeptBody - 5, 'x') + "s3cr3t-of-the-app" + std::string(kKeptBody, 'y');
  Exchange one = patch("", "{}");
  one.sent = body_of(sent.substr(0, recorded_bytes({})));
  one.sent.cut = static_cast<std::int64_t>(sent.size() - one.sent.text.size());

  const Exchange kept = as_kept(one, {}, false, redactor);

  CHECK_FALSE(shows(kept, "s3cr"));
  CHECK(kept.sent.text.size() <= kKeptBody);
  CHECK(kept.sent.cut > static_cast<std::int64_t>(kKeptBody) / 2);
}

TEST_CASE("exchange redaction: credentials that nobody declared are known by their names", "[app][exchanges]") {
  const Redactor nothing;

  const Exchange kept = as_kept(patch("user=ann&password=hunter22&x=1", R"({"access_token" : "abc\"def", "token_type": "bearer", "Password": 12345, "tokens": [1]})"), {}, false, nothing);

  CHECK(kept.sent.text == "user=ann&password=[hidden]&x=1");
  CHECK(kept.answer.text == R"({"access_token" : "[hidden]", "token_type": "bearer", "Password": "[hidden]", "tokens": [1]})");
}

TEST_CASE("exchange redaction: so are those whose names end with such a word, also of JSON within a text", "[app][exchanges]") {
  const Redactor nothing;
  const auto hidden = [&](const std::string& text) { return as_kept(patch(text, "{}"), {}, false, nothing).sent.text; };

  CHECK(hidden(R"({"accessToken":"a1","auth_token":"a2","x-api_key": 7,"mistoken":"b1","pwdless":"b2"})") ==
        R"({"accessToken":"[hidden]","auth_token":"[hidden]","x-api_key": "[hidden]","mistoken":"b1","pwdless":"b2"})");
  CHECK(hidden("authToken=a1&x=1&mistoken=b1&user_password=a2") == "authToken=[hidden]&x=1&mistoken=b1&user_password=[hidden]");
  CHECK(hidden(R"({"body":"{\"token\": \"a\\\"1\",\"sid\":12,\"x\":\"b\"}","y":"c"})") == R"({"body":"{\"token\": \"[hidden]\",\"sid\":\"[hidden]\",\"x\":\"b\"}","y":"c"})");
  CHECK(hidden(R"({"body":"{\"token\":\"a1","y":"c"})") == R"({"body":"{\"token\":\"[hidden]\"","y":"c"})");
  CHECK(hidden(R"({"secret":"{\"token\":\"a1\"} a2","y":"c"})") == R"({"secret":"[hidden]","y":"c"})");
  CHECK(hidden(R"({"secret":"a\\","y":"c"})") == R"({"secret":"[hidden]","y":"c"})");
}

TEST_CASE("exchange redaction: a redacted field is its hash, at any depth and in a query", "[app][exchanges]") {
  const Redactor nothing;
  Exchange one = patch(R"({"doc":{"name":"Ada","SSN":"078-05-1120"},"rows":[{"ssn":7805},{"ssn":null}]})", R"x([{"id":1,"ssn":"078-05-1120","title":"Ada (078-05-1120)","age":36}])x");
  one.target = "https://app.example/rest/people?id=eq.1&ssn=eq.078-05-1120&filters=%5B%5B%22ssn%22%2C%22%3D%22%2C%22078-05-1120%22%5D%5D";

  const Exchange kept = as_kept(one, kSsn, false, nothing);

  CHECK_FALSE(shows(kept, "078-05-1120"));
  CHECK_FALSE(shows(kept, "7805"));
  const Value sent = json::parse(kept.sent.text).value();
  CHECK(*sent.at_path("doc.name") == Value("Ada"));
  CHECK(*sent.at_path("doc.SSN") == Value(hash_of("078-05-1120")));
  CHECK(sent.find("rows")->as_array()[1].find("ssn")->is_null());
  const Value answer = json::parse(kept.answer.text).value();
  CHECK(*answer.as_array()[0].find("ssn") == Value(hash_of("078-05-1120")));
  CHECK(*answer.as_array()[0].find("age") == Value(36));
  CHECK(kept.target.find("?id=eq.1&ssn=sha256:") != std::string::npos);
}

TEST_CASE("exchange redaction: a redacted value is in no path, however it is encoded", "[app][exchanges]") {
  const Redactor nothing;
  const std::set<std::string> email{"email"};
  const auto target_of = [&](const std::string& target, const std::string& sent, const std::string& status, const std::set<std::string>& keys) {
    Exchange one = patch(sent, "{}", status);
    one.target = target;
    return as_kept(one, email, status != "200", nothing, keys).target;
  };
  const std::string hash = hash_of("ann@example.com");

  // Named by its key, which neither body says; refused too.
  for (const char* path : {"ann@example.com", "ann%40example.com", "%61nn%40example%2Ecom"}) {
    CHECK(target_of(std::string("https://erp.example/api/resource/Person/") + path, "{\"phone\": \"1\"}", "200", {"ann@example.com"}) == "https://erp.example/api/resource/Person/" + hash);
  }
  CHECK(target_of("https://erp.example/api/Person/ann%40example.com?fields=phone", "{}", "417", {"ann@example.com"}) == "https://erp.example/api/Person/" + hash + "?fields=phone");
  // What the body says of the column stands in the path too; the host is no path.
  CHECK(target_of("https://example.com/people/x:example.com/1", R"({"email": "example.com"})", "200", {}) == "https://example.com/people/" + hash_of("x:example.com") + "/1");
  // A key too short to be looked for elsewhere is known where it stands alone.
  CHECK(target_of("https://erp.example/api/Person/7/71", "{}", "200", {"7"}) == "https://erp.example/api/Person/" + hash_of("7") + "/71");
  CHECK(target_of("https://erp.example", "{}", "200", {"ann@example.com"}) == "https://erp.example");
  CHECK(target_of("https://erp.example?x=/a/b", "{}", "200", {"ann@example.com"}) == "https://erp.example?x=/a/b");
}

TEST_CASE("exchange redaction: what stands beside the name of a redacted column is hidden, also within a text", "[app][exchanges]") {
  const Redactor nothing;

  const Exchange kept = as_kept(patch(R"({"filter":{"property":"ssn","equals":"078-05-1120"},"domain":[["ssn","=","078-05-1120"]],"data":"{\"ssn\":\"078-05-1120\",\"n\":1}"})", "{}"), kSsn, false, nothing);

  CHECK_FALSE(shows(kept, "078-05"));
  CHECK(kept.sent.text.find("\"property\":\"ssn\"") != std::string::npos);
  CHECK(kept.sent.text.find("\\\"n\\\":1") != std::string::npos);
}

TEST_CASE("exchange redaction: where it cannot be told for certain nothing of the body is kept, and why is said", "[app][exchanges]") {
  const Redactor nothing;
  Exchange too_long = patch("{\"ssn\": \"1", "{}");
  too_long.sent.cut = 99;

  const Exchange page = as_kept(patch("{}", "<p>078-05-1120</p>"), kSsn, false, nothing);
  const Exchange failed = as_kept(patch("{}", "{\"message\":\"078-05-1120 is taken\"}", "409"), kSsn, true, nothing);
  const Exchange cut = as_kept(too_long, kSsn, false, nothing);

  CHECK(page.answer.text.empty());
  CHECK(page.answer.left_out == "the mapping redacts fields, and this is no JSON");
  CHECK(page.answer.cut == 18);
  CHECK(failed.answer.left_out.find("what tells of a failure") != std::string::npos);
  CHECK(failed.status == "409");
  CHECK(cut.sent.text.empty());
  CHECK(cut.sent.cut == 109);
}

namespace {

std::string people_of(int count) {
  Array all;
  for (int i = 0; i < count; ++i) all.push_back(Object{{"name", "person"}, {"ssn", "078-05-" + std::to_string(10000 + i)}});
  return json::dump(Value(std::move(all)));
}

}  // namespace

TEST_CASE("exchange redaction: of so many redacted values that the search would take long nothing is kept", "[app][exchanges]") {
  const Redactor nothing;
  Exchange form = patch(people_of(1), "{}");
  form.target = "https://app.example/people?x=1";
  for (int i = 0; i < 4000; ++i) form.target += "&ssn=z" + std::to_string(10000 + i);
  form.target += "&title=me";

  const Exchange few = as_kept(patch(people_of(50), people_of(50)), kSsn, false, nothing);
  const Exchange many = as_kept(patch(people_of(1000), people_of(1)), kSsn, false, nothing);
  const Exchange wide = as_kept(form, kSsn, false, nothing);

  CHECK(few.sent.left_out.empty());
  CHECK(few.sent.text.find("person") != std::string::npos);
  CHECK_FALSE(shows(few, "078-05-1"));
  CHECK(many.sent.left_out == "the mapping redacts fields, and holds too many values to be looked through");
  CHECK(many.sent.text.empty());
  CHECK(many.answer.text.find("sha256:") != std::string::npos);
  CHECK_FALSE(shows(many, "078-05-1"));
  CHECK_FALSE(shows(wide, "z1"));
}

TEST_CASE("exchange redaction: parameters of a statement that names a redacted column are hashes", "[app][exchanges]") {
  const Redactor nothing;
  Exchange one = patch(R"([1,"078-05-1120",null,true])", R"({"rows":[{"id":1,"ssn":"078-05-1120"}],"affected":1})", "00000");
  one.method = "SQL";
  one.target = "UPDATE people SET ssn = $2 WHERE id = $1 RETURNING id, ssn";

  Exchange many = one;
  many.target = "update people t set \"ssn\" = u.\"$v1\" from json_to_recordset($1::json) u(\"$v1\" text)";
  many.sent = body_of(R"(["[{\"$v1\":\"078-05-1120\"}]"])");

  const Exchange kept = as_kept(one, kSsn, false, nothing);

  CHECK_FALSE(shows(kept, "078-05"));
  CHECK_FALSE(shows(as_kept(many, kSsn, false, nothing), "078-05"));
  CHECK(kept.target == one.target);
  CHECK(json::parse(kept.sent.text).value() == Value(Array{Value(hash_of(Value(1))), Value(hash_of("078-05-1120")), Value(), Value(true)}));
  CHECK(*json::parse(kept.answer.text).value().find("affected") == Value(1));
}

TEST_CASE("exchange redaction: bodies are cut at a code point, and what is no text is left out", "[app][exchanges]") {
  const Redactor nothing;
  std::string umlauts;
  while (umlauts.size() < kKeptBody + 100) umlauts += "\xC3\xA4";
  Exchange one = patch("x" + umlauts, std::string("\x1f\x8b\x00\xff", 4));

  const Exchange kept = as_kept(one, {}, false, nothing);

  CHECK(kept.sent.text.size() == kKeptBody - 1);
  CHECK(kept.sent.cut == static_cast<std::int64_t>(umlauts.size() + 1 - kept.sent.text.size()));
  CHECK(kept.answer.text.empty());
  CHECK(kept.answer.left_out == "it is no text");
}
