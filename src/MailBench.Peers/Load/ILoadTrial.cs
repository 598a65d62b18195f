using System.Text.Json.Nodes;

namespace MailBench.Peers.Load;

/// <summary>One trial of a node that offers load: prepared, started, halted, drained. On its loop only, but for <see cref="Drained"/>.</summary>
internal interface ILoadTrial : IDisposable
{
    /// <summary>The load has come to its end by itself; what is open may go on.</summary>
    Action? LoadEnded { set; }

    /// <summary>Done when a halted trial has nothing open and nothing waiting.</summary>
    Task Drained { get; }

    /// <summary>Where no session was ever had though there was something to offer: what the last dial met. When drained.</summary>
    string? Unreached { get; }

    /// <summary>A sentence for each kind of trouble that the trial met first.</summary>
    IEnumerable<string> Troubles { get; }

    void Start();

    /// <summary>Offers nothing new; what was offered has its drain time-out to end.</summary>
    void Halt();

    /// <summary>Breaks off what is still open; <see cref="Drained"/> follows.</summary>
    void Cut();

    JsonObject Counts();
}
