using System.Net;
using System.Net.Sockets;
using MailBench.Model.Units;
using MailBench.Transport;
using Xunit;

namespace MailBench.Unit.Transport;

public sealed class YieldTests : LoopTest
{
    private const long Ms = 1_000_000;

    [Fact]
    public async Task Those_that_yield_are_heard_after_all_others_and_each_in_its_turn()
    {
        // Only here can the test know what the loop finds when it looks: elsewhere receives complete on other threads.
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs epoll, and TCP_INFO to see that octets have arrived");
        using var loop = Start(portable: false);
        var heard = new List<string>();
        var count = 0;
        await On(loop, () => loop.YieldSliceNs = 1);
        using var yielding = loop.Listen(Any4, connection =>
        {
            connection.Yields = true;
            return new TestHandler { Quiet = true, Received = (c, octets) => Hear($"y{octets[0]}", octets.Length) };
        });
        using var others = loop.Listen(Any4, _ => new TestHandler { Quiet = true, Received = (_, octets) => Hear("other", octets.Length) });
        using var clients = new Clients();
        for (byte i = 0; i < 3; i++) await clients.AddAsync(yielding.EndPoint, i);
        await clients.AddAsync(others.EndPoint, 9);
        await HeardAsync(4);

        // While the loop is held up, octets come to those that yield first, and more than one receive takes.
        using var held = new ManualResetEventSlim();
        var entered = Completion();
        loop.Post(
            _ =>
            {
                entered.SetResult();
                held.Wait(TestHandler.Patience);
            },
            null);
        await entered.Task.WaitAsync(TestHandler.Patience, TestContext.Current.CancellationToken);
        lock (heard) heard.Clear();
        for (var i = 0; i < 3; i++) await clients.SendAsync(i, (byte)i, 48 << 10);
        await clients.SendAsync(3, 9, 1);
        await clients.ArrivedAsync();
        held.Set();
        await HeardAsync((3 * (48 << 10)) + 1);
        lock (heard)
        {
            Assert.Equal("other", heard[0]);
            Assert.Equal(["y0", "y1", "y2"], heard.Skip(1).Take(3).Order());
        }

        int Hear(string who, int octets)
        {
            lock (heard)
            {
                heard.Add(who);
                count += octets;
            }

            return octets;
        }

        async Task HeardAsync(int octets)
        {
            for (var start = MonotonicClock.NowNs; ; await Task.Delay(1, TestContext.Current.CancellationToken))
            {
                lock (heard)
                {
                    if (count >= octets)
                    {
                        count = 0;
                        return;
                    }
                }

                Assert.True(MonotonicClock.NowNs - start < 30_000 * Ms, "the octets never came");
            }
        }
    }

    [Theory, MemberData(nameof(Loops))]
    public async Task Input_of_those_that_yield_takes_no_more_than_its_share_of_the_time(bool portable)
    {
        using var loop = Start(portable);
        await On(loop, () => loop.YieldShare = 0.1);
        long takenNs = 0, longestNs = 0, forgivenNs = 0;
        using var yielding = loop.Listen(Any4, connection =>
        {
            connection.Yields = true;
            return new TestHandler
            {
                Quiet = true,
                Received = (c, octets) =>
                {
                    // One octet at a time, the rest held back: the throttle must hold for input that is here already too.
                    var startNs = MonotonicClock.NowNs;
                    Thread.SpinWait(10_000);
                    c.PauseReading();
                    c.ResumeReading();
                    var spentNs = MonotonicClock.NowNs - startNs;
                    takenNs += spentNs;
                    longestNs = Math.Max(longestNs, spentNs);
                    // What a pause of the machine takes beyond the most that is owed is nobody's debt.
                    forgivenNs += Math.Max(0, spentNs - YieldBudget.MaxCreditNs);
                    return 1;
                },
            };
        });
        using var clients = new Clients();
        await clients.AddAsync(yielding.EndPoint, 1);
        var beganNs = await On(loop, () => MonotonicClock.NowNs);
        await clients.SendAsync(0, 1, 20_000);

        await Task.Delay(300, TestContext.Current.CancellationToken);
        var (taken, longest, forgiven, elapsed) = await On(loop, () => (takenNs, longestNs, forgivenNs, MonotonicClock.NowNs - beganNs));
        Assert.InRange(taken, 1, (elapsed / 10) + YieldBudget.MaxCreditNs + longest + forgiven);
    }

    [Fact]
    public void A_budget_grants_its_share_whatever_the_slices_and_saves_little()
    {
        foreach (var share in new[] { 0.05, 0.125, 0.5, 0.9 })
        {
            var budget = new YieldBudget { Share = share };
            long nowNs = 7_000 * Ms, takenNs = 0;
            var startNs = nowNs;
            var random = new Random(1);
            Assert.Equal(0.2 * Ms, budget.Grant(nowNs, 200_000));
            while (nowNs - startNs < 10_000 * Ms)
            {
                var grantNs = budget.Grant(nowNs, 200_000);
                if (grantNs == 0)
                {
                    Assert.True(budget.NextNs > nowNs);
                    nowNs = budget.NextNs;
                    continue;
                }

                // A slice runs over by up to one handler's time.
                var spentNs = grantNs + random.NextInt64(100_000);
                budget.Spend(nowNs, nowNs + spentNs);
                takenNs += spentNs;
                nowNs += spentNs;
            }

            Assert.InRange((double)takenNs / (nowNs - startNs), share * 0.97, (share * 1.03) + 0.001);
            nowNs += 3_600_000 * Ms;
            Assert.Equal(200_000, budget.Grant(nowNs, 200_000));
            budget.Spend(nowNs, nowNs + YieldBudget.MaxCreditNs);
            Assert.Equal(0, budget.Grant(nowNs + YieldBudget.MaxCreditNs, 200_000));
        }
    }

    [Theory, MemberData(nameof(Loops))]
    public async Task A_flood_comes_between_two_turns_of_another_with_a_slice_at_most(bool portable)
    {
        const int flood = 50;
        using var loop = Start(portable);
        await On(loop, () => loop.YieldSliceNs = 1);
        var connections = new HashSet<Connection>();
        var heard = new List<bool>();
        var begun = false;
        using var yielding = loop.Listen(Any4, connection =>
        {
            connection.Yields = true;
            return Endless();
        });
        using var other = loop.Listen(Any4, _ => Endless());
        using var clients = new Clients();
        for (byte i = 0; i < flood; i++) await clients.AddAsync(yielding.EndPoint, i);
        await clients.AddAsync(other.EndPoint, 1);
        await UntilAsync(() => connections.Count == flood + 1);
        await On(loop, () =>
        {
            begun = true;
            foreach (var connection in connections) Again(connection);
        });
        await UntilAsync(() => heard.Count(yields => !yields) >= 200);

        var order = await On(loop, () => heard.ToArray());
        int longest = 0, run = 0;
        foreach (var yields in order[..Array.LastIndexOf(order, false)])
        {
            run = yields ? run + 1 : 0;
            longest = Math.Max(longest, run);
        }

        // A slice of next to nothing is one connection whose input is here, or the few that one call of the kernel hands out.
        Assert.InRange(longest, 1, 10);

        // Takes nothing of its octet, and has it presented again as soon as may be.
        TestHandler Endless() => new()
        {
            Quiet = true,
            Received = (connection, _) =>
            {
                connections.Add(connection);
                if (begun && heard.Count < 100_000) heard.Add(connection.Yields);
                if (begun) Again(connection);
                return 0;
            },
        };

        static void Again(Connection connection)
        {
            connection.PauseReading();
            connection.ResumeReading();
        }

        async Task UntilAsync(Func<bool> condition)
        {
            for (var start = MonotonicClock.NowNs; !await On(loop, condition); await Task.Delay(5, TestContext.Current.CancellationToken))
                Assert.True(MonotonicClock.NowNs - start < 30_000 * Ms, "it never came to that");
        }
    }

    [Fact]
    public void A_pause_in_a_slice_is_not_held_against_callers_for_long()
    {
        var budget = new YieldBudget { Share = 0.125 };
        Assert.Equal(200_000, budget.Grant(1_000 * Ms, 200_000));
        budget.Spend(1_000 * Ms, 3_000 * Ms);
        Assert.Equal(0, budget.Grant(3_000 * Ms, 200_000));
        Assert.InRange(budget.NextNs - (3_000 * Ms), 1, 50 * Ms);
    }

    [Fact]
    public void Without_a_limit_slices_follow_each_other_without_a_pause()
    {
        var budget = new YieldBudget();
        for (var nowNs = 1_000 * Ms; nowNs < 1_100 * Ms; nowNs += Ms)
        {
            Assert.Equal(200_000, budget.Grant(nowNs, 200_000));
            budget.Spend(nowNs, nowNs + Ms);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-0.1)]
    [InlineData(1.01)]
    [InlineData(double.NaN)]
    public void A_share_is_a_share(double share) => Assert.Throws<ArgumentOutOfRangeException>(() => new YieldBudget { Share = share });

    /// <summary>Plain sockets that send.</summary>
    private sealed class Clients : IDisposable
    {
        private readonly List<Socket> _sockets = [];

        public async Task AddAsync(IPEndPoint server, byte first)
        {
            var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { SendBufferSize = 1 << 20 };
            _sockets.Add(socket);
            await socket.ConnectAsync(server);
            await socket.SendAsync(new[] { first });
        }

        public Task<int> SendAsync(int client, byte value, int octets)
        {
            var content = new byte[octets];
            content.AsSpan().Fill(value);
            return _sockets[client].SendAsync(content);
        }

        /// <summary>Waits until the peers' kernels have acknowledged all.</summary>
        public async Task ArrivedAsync()
        {
            var info = new byte[TcpInfo.BufferBytes];
            for (var attempt = 0; _sockets.Any(Unacknowledged); attempt++)
            {
                Assert.True(attempt < 10_000, "the octets were never acknowledged");
                await Task.Delay(1);
            }

            bool Unacknowledged(Socket socket) => TcpInfo.Parse(info.AsSpan(0, socket.GetRawSocketOption(TcpInfo.Level, TcpInfo.Name, info))) is not { UnackedSegments: 0, UnsentBytes: 0 };
        }

        public void Dispose() => _sockets.ForEach(socket => socket.Dispose());
    }
}
