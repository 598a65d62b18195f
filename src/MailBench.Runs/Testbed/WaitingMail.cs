using System.Net;
using MailBench.Model.Profiles;
using MailBench.Model.Units;

namespace MailBench.Runs.Testbed;

/// <summary>
/// What would lie in each mailbox when a trial begins, had its load always gone on (<c>users.mailbox.waiting</c>): the mail since its user's last poll. Pure. Without it the first poll of each user finds too little, and a trial would
/// have to wait a whole interval, half an hour perhaps, before it could begin to measure.
/// </summary>
internal sealed class WaitingMail
{
    private readonly bool _usersChange;
    private readonly ByteSize? _size;
    private readonly long[] _momentsNs;
    private readonly long _trialNs;
    private readonly double _intervalNs;
    private readonly double _perPoll;

    /// <param name="settings">A point's settings that <see cref="TypedSettings.HasUsers"/>.</param>
    public WaitingMail(SettingValues settings)
    {
        var phases = settings.ToPhases();
        _usersChange = settings.Text("users.find") == "knee" || settings.List("users.schedule").Count > 0;
        _size = settings.ToWorkload().Size;
        _momentsNs = settings.ToPolls(new IPEndPoint(IPAddress.Loopback, 0)).MomentsNs();
        _trialNs = (phases.WarmUp + phases.Steady + phases.Drain).ToNs();
        _intervalNs = settings.Span("users.interval").ToNs();
        _perPoll = settings.Number("users.mailPerPoll");
    }

    /// <summary>That of what arrives, so that the first poll of a user is like every other.</summary>
    public ByteSize Size => _size ?? throw new InvalidOperationException("What waits has no size; such settings are refused.");

    /// <summary>The sentence that says why it cannot be written, or null.</summary>
    public string? Refusal(long mostMessages, ByteSize mostOctets)
    {
        if (_usersChange) return "users.mailbox.waiting is for a constant number of users; it goes with neither users.find knee nor users.schedule.";
        if (_size is not { } size) return "users.mailbox.waiting needs workload.size: what waits is of one size.";
        var messages = Enumerable.Range(0, _momentsNs.Length).Sum(user => (long)Of(user));
        return messages > mostMessages || messages * size.Bytes > mostOctets.Bytes
            ? $"users.mailbox.waiting: {messages:#,0} messages of {size} would be written before each trial; at most {mostMessages:#,0}, and {mostOctets}, are. Shorten warm-up and window, or lower users.count or users.mailPerPoll."
            : null;
    }

    /// <summary>
    /// Messages for a user. The source serves the users in turn, user u of N at (u ÷ N + k) · interval ÷ mailPerPoll for k = 0, 1 …; those of k = -1, -2 … down to the user's last poll are what waits. Who does not poll in
    /// this trial finds nothing, so that nobody has to write it.
    /// </summary>
    public int Of(int user) => _momentsNs[user] > _trialNs ? 0 : (int)Math.Floor(_perPoll * (1 - _momentsNs[user] / _intervalNs) + (double)user / _momentsNs.Length);
}
