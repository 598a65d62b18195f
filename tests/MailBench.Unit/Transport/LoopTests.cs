using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using MailBench.Model.Units;
using MailBench.Transport;
using Xunit;

namespace MailBench.Unit.Transport;

public sealed class LoopTests : LoopTest
{
    [Theory, MemberData(nameof(Loops))]
    public async Task Timers_fire_in_order_of_deadline_and_never_early(bool portable)
    {
        using var loop = Start(portable);

        // Loose: the machine is shared. The best of all rounds shows the mechanism's resolution.
        var bestNs = long.MaxValue;
        for (var round = 0; round < 20 && bestNs > (portable ? 5_000_000 : 1_000_000); round++)
        {
            var fired = await FireSixAsync(loop);
            Assert.Equal([1, 5, 10, 10, 20, 30], fired.Select(one => one.Which));
            Assert.All(fired, one => Assert.True(one.LateNs >= 0, $"{one.Which} ms fired {-one.LateNs} ns early"));
            bestNs = Math.Min(bestNs, fired.Min(one => one.LateNs));
        }

        Assert.InRange(bestNs, 0, portable ? 5_000_000 : 1_000_000);
    }

    private static async Task<List<(int Which, long LateNs)>> FireSixAsync(EventLoop loop)
    {
        var fired = new List<(int Which, long LateNs)>();
        var done = Completion();
        await On(loop, () =>
        {
            var start = MonotonicClock.NowNs;
            foreach (var ms in new[] { 30, 5, 20, 10, 10, 1 })
            {
                var deadline = start + ms * 1_000_000L;
                var timer = loop.CreateTimer(
                    _ =>
                    {
                        fired.Add((ms, MonotonicClock.NowNs - deadline));
                        if (fired.Count == 6) done.TrySetResult();
                    },
                    null);
                timer.Arm(deadline);
            }
        });
        await done.Task.WaitAsync(TestHandler.Patience);
        return fired;
    }

    [Theory, MemberData(nameof(Loops))]
    public async Task A_timer_armed_again_or_disarmed_keeps_only_its_last_deadline(bool portable)
    {
        using var loop = Start(portable);
        var fired = new List<string>();
        var done = Completion();
        await On(loop, () =>
        {
            var now = MonotonicClock.NowNs;
            var later = loop.CreateTimer(_ => fired.Add("later"), null);
            later.Arm(now + 1_000_000);
            later.Arm(now + 20_000_000);
            var sooner = loop.CreateTimer(_ => fired.Add("sooner"), null);
            sooner.Arm(now + 3_600_000_000_000);
            sooner.Arm(now + 10_000_000);
            var never = loop.CreateTimer(_ => fired.Add("never"), null);
            never.Arm(now + 5_000_000);
            Assert.True(never.IsArmed);
            never.Disarm();
            Assert.False(never.IsArmed);
            loop.CreateTimer(_ => done.TrySetResult(), null).Arm(now + 30_000_000);
        });
        await done.Task.WaitAsync(TestHandler.Patience);
        Assert.Equal(["sooner", "later"], fired);
    }

    [Theory, MemberData(nameof(Loops))]
    public async Task Posts_run_on_the_loop_in_order(bool portable)
    {
        using var loop = Start(portable);
        var seen = new List<int>();
        for (var i = 0; i < 10_000; i++) loop.Post(state => seen.Add((int)state!), i);
        Assert.True(await On(loop, () => loop.IsCurrent));
        Assert.False(loop.IsCurrent);
        Assert.Equal(Enumerable.Range(0, 10_000), seen);
    }

    [Theory, MemberData(nameof(Loops))]
    public async Task Work_that_throws_tells_who_asked_for_it_and_nobody_else(bool portable)
    {
        using var loop = Start(portable);
        var failures = 0;
        loop.HandlerFailed += _ => failures++;
        await Assert.ThrowsAsync<InvalidDataException>(() => On(loop, () => throw new InvalidDataException("work")));
        Assert.False(loop.IsCurrent);
        Assert.Equal(0, await On(loop, () => failures));
    }

    [Theory, MemberData(nameof(Loops))]
    public async Task A_post_from_the_loop_runs_in_a_later_turn(bool portable)
    {
        using var loop = Start(portable);
        var nested = Completion<bool>();
        var inside = false;
        loop.Post(
            _ =>
            {
                inside = true;
                loop.Post(_ => nested.SetResult(inside), null);
                inside = false;
            },
            null);
        Assert.False(await nested.Task.WaitAsync(TestHandler.Patience));
    }

    [Theory, MemberData(nameof(Loops))]
    public async Task Says_when_a_turn_ends(bool portable)
    {
        using var loop = Start(portable);
        var endings = 0;
        await On(loop, () => loop.TurnEnding += () => endings++);
        await On(loop, () => 0);
        Assert.InRange(await On(loop, () => endings), 1, int.MaxValue);
    }

    [Theory, MemberData(nameof(Loops))]
    public async Task A_callback_that_throws_does_not_end_the_loop(bool portable)
    {
        using var loop = Start(portable);
        var failures = new List<string>();
        loop.HandlerFailed += exception => failures.Add(exception.Message);
        loop.Post(_ => throw new InvalidDataException("post"), null);
        await On(loop, () => loop.CreateTimer(_ => throw new InvalidDataException("timer"), null).Arm(MonotonicClock.NowNs));
        await On(loop, () => 0);
        await On(loop, () => 0);
        Assert.Equal(["post", "timer"], failures);
    }

    [Theory, MemberData(nameof(Loops))]
    public async Task Disposal_closes_connections_and_listeners(bool portable)
    {
        var loop = Start(portable);
        var server = new TestHandler();
        var listener = loop.Listen(Any4, _ => server);
        var client = new TestHandler();
        await Dial(loop, listener.EndPoint, client);
        await server.WhenConnected;
        loop.Dispose();
        Assert.Equal(CloseKind.LoopEnded, (await client.WhenClosed).Kind);
        Assert.Equal(CloseKind.LoopEnded, (await server.WhenClosed).Kind);
        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await Assert.ThrowsAnyAsync<SocketException>(() => probe.ConnectAsync(listener.EndPoint));
        loop.Post(_ => Assert.Fail("a post ran after disposal"), null);
        listener.Dispose();
    }

    [Theory, MemberData(nameof(Loops))]
    public void A_port_in_use_is_refused(bool portable)
    {
        using var loop = Start(portable);
        using var first = loop.Listen(Any4, _ => null);
        var refused = Assert.Throws<SocketException>(() => loop.Listen(first.EndPoint, _ => null));
        Assert.Equal(SocketError.AddressAlreadyInUse, refused.SocketErrorCode);
    }

    [Theory, MemberData(nameof(Loops))]
    public async Task A_disposed_listener_takes_nobody_and_leaves_its_connections(bool portable)
    {
        using var loop = Start(portable);
        var listener = loop.Listen(Any4, _ => TestHandler.Echo());
        var client = new TestHandler();
        var dialled = await Dial(loop, listener.EndPoint, client);
        await client.WhenConnected;
        await On(loop, () => dialled.Send("a"u8));
        while (client.Presented.IsEmpty) await On(loop, () => 0);
        listener.Dispose();
        await On(loop, () => 0);
        var late = new TestHandler();
        await Dial(loop, listener.EndPoint, late);
        Assert.Equal(CloseKind.Refused, (await late.WhenClosed).Kind);
        Assert.True(await On(loop, () => dialled.IsOpen));
    }

    [Fact]
    public async Task Tells_the_cpu_time_of_its_thread()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux tells it.");
        using var loop = Start(portable: false);
        var before = loop.ThreadCpuNs;
        await On(loop, () =>
        {
            var watch = Stopwatch.StartNew();
            while (watch.ElapsedMilliseconds < 20) Thread.SpinWait(100);
        });
        Assert.InRange(loop.ThreadCpuNs - before, 1_000_000, 10_000_000_000);
    }
}
