using MailBench.Mta.Queue.Segments;

namespace MailBench.Mta.Queue.Files;

/// <summary>A recipient's state that is not in the file yet.</summary>
internal readonly record struct FileState(int Recipient, RecipientStatus Status, Action? Durable);

/// <summary>The files backend's own knowledge about an entry, behind <see cref="QueueEntry.Place"/>.</summary>
internal sealed class FilePlace(FileDirectory directory, QueueEntry entry, string path, long contentOffset, long end, uint sum)
{
    private readonly Lock _gate = new();
    private readonly bool[] _finished = [.. entry.Recipients.Select(recipient => recipient.State != RecipientState.Waiting)];
    private List<FileState> _states = [];
    private int _unfinished = entry.Unfinished;
    private bool _scheduled;

    public FileDirectory Directory => directory;
    public string Path => path;
    public long ContentOffset => contentOffset;

    /// <summary>Where the next state record goes, and the sum of the one before. For who holds <see cref="Writing"/>.</summary>
    public long End { get; set; } = end;
    public uint Sum { get; set; } = sum;

    /// <summary>Held while the file is changed: a message's states are written in order.</summary>
    public Lock Writing { get; } = new();

    /// <summary>Takes a state; true when the place is to be given to a writer.</summary>
    public bool Add(FileState state)
    {
        lock (_gate)
        {
            if (state.Status.State != RecipientState.Waiting && !_finished[state.Recipient])
            {
                _finished[state.Recipient] = true;
                _unfinished--;
            }

            _states.Add(state);
            if (_scheduled) return false;
            return _scheduled = true;
        }
    }

    /// <summary>All states given so far, and whether no recipient waits any more.</summary>
    public (List<FileState> States, bool Finished) Take()
    {
        lock (_gate)
        {
            var taken = _states;
            _states = [];
            _scheduled = false;
            return (taken, _unfinished == 0);
        }
    }

    /// <summary>Puts back what the disk did not take, before what came since; true when the place is to be given to a writer again.</summary>
    public bool GiveBack(List<FileState> states)
    {
        lock (_gate)
        {
            _states.InsertRange(0, states);
            if (_scheduled) return false;
            return _scheduled = true;
        }
    }
}
