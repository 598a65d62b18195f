using MailBench.Peers.Poll;
using Xunit;

namespace MailBench.Unit.Peers.Poll;

public sealed class OpenSessionsTests
{
    [Fact]
    public void Mean_of_any_window_and_most_are_those_of_the_sessions_that_stood()
    {
        var sessions = new OpenSessions();
        sessions.Opened(100);
        sessions.Opened(200);
        Assert.Equal((2, 2, 100 + (2 * 50)), sessions.Read(250));
        sessions.Closed(300);

        // 100 ns of one, 100 of two, 700 of one; nobody comes or goes within the window from 400 on.
        Assert.Equal((1, 2, 100 + 200 + 100), sessions.Read(400));
        Assert.Equal((1, 2, 100 + 200 + 700), sessions.Read(1000));
        sessions.Closed(1000);
        Assert.Equal((0, 2, 1000), sessions.Read(5000));
    }

    [Fact]
    public void A_new_trials_most_is_its_own_and_counts_who_is_still_there()
    {
        var sessions = new OpenSessions();
        for (var i = 0; i < 5; i++) sessions.Opened(i);
        for (var i = 0; i < 4; i++) sessions.Closed(10 + i);
        sessions.Restart();
        Assert.Equal((1, 1), (sessions.Read(20).Open, sessions.Read(20).Most));
        sessions.Opened(30);
        Assert.Equal(2, sessions.Read(30).Most);
    }
}
