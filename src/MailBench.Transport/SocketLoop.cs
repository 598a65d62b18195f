namespace MailBench.Transport;

internal static class SocketLoop
{
    public static EventLoop Start(EventLoopOptions options) => throw new NotSupportedException(options.Name);
}
