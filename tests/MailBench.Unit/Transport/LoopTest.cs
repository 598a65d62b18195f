using System.Net;
using MailBench.Transport;
using Xunit;

namespace MailBench.Unit.Transport;

/// <summary>What the tests of both loops share.</summary>
public abstract class LoopTest
{
    internal static readonly IPEndPoint Any4 = new(IPAddress.Loopback, 0);

    /// <summary>The loops to test here: portable or not.</summary>
    public static TheoryData<bool> Loops => OperatingSystem.IsLinux() ? [false, true] : [true];

    internal static EventLoop Start(bool portable) => EventLoop.Start(new EventLoopOptions("test") { Portable = portable });

    /// <summary>A completion whose awaiter goes on elsewhere than on the loop that completes it.</summary>
    internal static TaskCompletionSource Completion() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal static TaskCompletionSource<T> Completion<T>() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Runs on the loop and waits, within bounds.</summary>
    internal static Task<T> On<T>(EventLoop loop, Func<T> work) => loop.RunAsync(work).WaitAsync(TestHandler.Patience);

    internal static Task On(EventLoop loop, Action work) => loop.RunAsync(work).WaitAsync(TestHandler.Patience);

    internal static Task<Connection> Dial(EventLoop loop, IPEndPoint to, IConnectionHandler handler, TimeSpan? timeout = null, SocketOptions? options = null) =>
        On(loop, () => loop.Dial(to, handler, timeout ?? TimeSpan.FromSeconds(10), options));
}
