#include <array>
#include <thread>

#include "fixture.h"
#include "store/lease_repository.h"

namespace oneclaw::store {
namespace {

using std::chrono::microseconds;

class LeaseTest : public StoreTest {
 protected:
  bool take(const Uuid& holder, std::int64_t at, std::int64_t until, std::int64_t done_before) {
    const auto taken = write([&](Transaction& transaction) -> Result<bool> {
      return LeaseRepository(transaction)
          .take("task", holder, from_micros(at), from_micros(until), from_micros(done_before));
    });
    EXPECT_TRUE(taken.ok());
    return taken.ok() && *taken;
  }
};

TEST_F(LeaseTest, OneHolderUntilItRunsOut) {
  EXPECT_TRUE(take(uuid(1), 100, 200, 50));
  EXPECT_FALSE(take(uuid(2), 150, 250, 50));
  EXPECT_TRUE(take(uuid(1), 150, 250, 50));
  EXPECT_FALSE(take(uuid(2), 200, 300, 50));
  EXPECT_TRUE(take(uuid(2), 250, 350, 50));
  EXPECT_FALSE(take(uuid(1), 260, 360, 50));
}

TEST_F(LeaseTest, ItIsKeptByItsHolderAlone) {
  ASSERT_TRUE(take(uuid(1), 100, 200, 50));
  change([](Transaction& transaction) {
    LeaseRepository leases(transaction);
    EXPECT_TRUE(leases.keep("task", uuid(1), from_micros(900)));
    EXPECT_FALSE(leases.keep("task", uuid(2), from_micros(900)));
    leases.release("task", uuid(2), from_micros(100));
  });
  EXPECT_FALSE(take(uuid(2), 899, 999, 50));
}

TEST_F(LeaseTest, ATaskThatIsDoneIsNotTakenAgainInItsPeriod) {
  ASSERT_TRUE(take(uuid(1), 100, 200, 50));
  change([](Transaction& transaction) {
    LeaseRepository(transaction).release("task", uuid(1), from_micros(100));
  });
  EXPECT_FALSE(take(uuid(2), 110, 210, 99));
  EXPECT_FALSE(take(uuid(1), 110, 210, 99));
  EXPECT_TRUE(take(uuid(2), 150, 250, 100));
  change([](Transaction& transaction) {
    LeaseRepository(transaction).release("task", uuid(2), std::nullopt);
  });
  EXPECT_TRUE(take(uuid(1), 150, 250, 100));
}

TEST_F(LeaseTest, OfManyThatRaceOneGetsIt) {
  for (std::int64_t round = 1; round <= 20; ++round) {
    std::array<bool, 4> taken{};
    std::vector<std::thread> threads;
    for (std::uint8_t i = 0; i < taken.size(); ++i) {
      threads.emplace_back(
          [&, i] { taken.at(i) = take(uuid(i), 1000 * round, 1000 * round + 900, 1); });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(std::count(taken.begin(), taken.end(), true), 1);
  }
}

}  // namespace
}  // namespace oneclaw::store
