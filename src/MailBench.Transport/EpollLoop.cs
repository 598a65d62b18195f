namespace MailBench.Transport;

internal static class EpollLoop
{
    public static EventLoop Start(EventLoopOptions options) => throw new NotSupportedException(options.Name);
}
