#include "sync/belongings/more_pages.h"

#include <vector>

#include <catch2/catch.hpp>

using namespace tidewire;
using namespace tidewire::sync;

TEST_CASE("more_pages: two sources that begin anew with `more` do not take turns for ever", "[sync]") {
  // Both answer more, through, more, through ...; the second is one answer ahead.
  std::vector<int> answers{0, 1};
  Value cursor = Object{};
  int pages = 0;
  for (bool more = true; more && pages < 100; ++pages) {
    MorePages sources(cursor);
    for (std::size_t i = 0; i < answers.size(); ++i) {
      if (sources.asks(i)) sources.note(i, answers[i]++ % 2 == 0);
    }
    more = sources.into(cursor);
  }

  CHECK(pages == 2);
  CHECK(cursor.find("more") == nullptr);
}

TEST_CASE("more_pages: what has another page is asked alone, and after the last page all are", "[sync]") {
  Value cursor = Object{};
  MorePages first(cursor);
  CHECK((first.asks(0) && first.asks(1)));
  first.note(0, false);
  first.note(1, true);
  REQUIRE(first.into(cursor));

  MorePages second(cursor);
  CHECK_FALSE(second.asks(0));
  CHECK(second.asks(1));
  CHECK_FALSE(second.into(cursor));
  CHECK(MorePages(cursor).asks(0));
}
