using CsCheck;
using MailBench.Model.Options;
using MailBench.Mta.Batching;
using Xunit;

namespace MailBench.Unit.Mta.Batching;

public sealed class SimulatedDeliveryTests
{
    [Fact]
    public void Every_recipient_ends_exactly_once_whatever_fails() =>
        Gen.Select(Gen.Int[0, 1_000_000], Gen.Enum<DeliveryStrategy>(), Gen.Enum<SessionReuse>(), Gen.Int[1, 4], Gen.Int[1, 12], Gen.Int[1, 10], Gen.Double[0, 0.6])
            .Sample((seed, strategy, reuse, perSite, sessionsOut, recipientsPerTransaction, faults) =>
            {
                var simulated = new SimulatedDelivery(seed, new BatchingOptions
                {
                    Strategy = strategy,
                    Reuse = reuse,
                    SessionsPerSite = perSite,
                    SessionsOut = sessionsOut,
                    RecipientsPerTransaction = recipientsPerTransaction,
                    TransactionsPerSession = 7,
                    TransactionsPerTurn = 3,
                }, faults);
                var random = new Random(seed);
                for (var message = 1; message <= 30; message++)
                {
                    var perDomain = random.Next(1, 4);
                    simulated.Arrive(random.Next(0, 5_000), Entries.Entry(message, random.Next(1, 25), 10), k => Entries.Ring(k % 10, 5, perDomain));
                }

                simulated.Run(limit: 2_000_000);
                Assert.Equal(simulated.Recipients, simulated.Ends.Count);
                if (faults == 0) Assert.All(simulated.Ends.Values, end => Assert.Equal("delivered", end));
            }, iter: 150);
}
