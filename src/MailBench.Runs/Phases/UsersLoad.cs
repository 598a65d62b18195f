using MailBench.Model.Events;
using MailBench.Model.Nodes;
using MailBench.Model.Options;
using MailBench.Model.Profiles;
using MailBench.Model.Units;
using MailBench.Runs.Testbed;
using Counters = System.Collections.Generic.IReadOnlyDictionary<string, double>;

namespace MailBench.Runs.Phases;

/// <summary>The users of a trial and the mail that arrives for them: begun, changed in number, halted. Both in proportion, so that a poll finds what the profile says.</summary>
internal sealed class UsersLoad(Bench bench, SettingValues settings, TrialId trial, ISystemUnderTest server)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TimeSpan _drain = settings.Span("phases.drain");
    private string? _mailEvents;

    /// <param name="users">How many poll from the start.</param>
    /// <param name="events">Where their events go.</param>
    /// <param name="mailEvents">Where those of the mail go, when each message is to be found again: users who hold IDLE. Their number does not change.</param>
    public async Task BeginAsync(int users, string events, string mailEvents, CancellationToken cancellationToken)
    {
        _mailEvents = settings.Choice<PollAction>("users.action") == PollAction.Idle ? mailEvents : null;
        await bench.Poll.AskAsync(new BeginTrialCommand(trial, events) { Poll = settings.ToPolls(bench.UsersSide) with { Active = users, Tls = server.UsersTls } }, Patience, cancellationToken);
        await PrepareMailAsync(users, cancellationToken);
    }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (HasMail) await bench.Source.AskAsync(new StartLoadCommand(), Patience, cancellationToken);
        await bench.Poll.AskAsync(new StartLoadCommand(), Patience, cancellationToken);
    }

    /// <summary>So many from now on. Mail pauses while the source turns round, some milliseconds.</summary>
    public async Task ChangeAsync(int users, CancellationToken cancellationToken)
    {
        await bench.Poll.AskAsync(new UsersCommand(users), Patience, cancellationToken);
        if (!HasMail) return;
        await bench.Source.AskAsync(new HaltLoadCommand(), _drain + Patience, cancellationToken);
        await PrepareMailAsync(users, cancellationToken);
        await bench.Source.AskAsync(new StartLoadCommand(), Patience, cancellationToken);
    }

    public async Task HaltAsync(CancellationToken cancellationToken)
    {
        if (HasMail) await bench.Source.AskAsync(new HaltLoadCommand(), _drain + Patience, cancellationToken);
        await bench.Poll.AskAsync(new HaltLoadCommand(), _drain + Patience, cancellationToken);
    }

    /// <summary>Polls that are due and have not ended.</summary>
    public async Task<double> OutstandingAsync(CancellationToken cancellationToken) => Outstanding(await Snapshots.OfAsync(bench.Poll, cancellationToken));

    public static double Outstanding(Counters poll) =>
        poll.GetValueOrDefault(CounterNames.Offered) - poll.GetValueOrDefault(CounterNames.Polls) - poll.GetValueOrDefault(CounterNames.Failed) - poll.GetValueOrDefault(CounterNames.Unfinished);

    private bool HasMail => settings.Number("users.mailPerPoll") > 0;

    private async Task PrepareMailAsync(int users, CancellationToken cancellationToken)
    {
        if (settings.ToUsersMail(server.Door, users) is { } mail) await bench.Source.AskAsync(new BeginTrialCommand(trial, _mailEvents) { Source = mail with { Lmtp = server.TakesLmtp } }, Patience, cancellationToken);
    }
}
