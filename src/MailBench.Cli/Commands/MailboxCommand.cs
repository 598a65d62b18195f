using System.CommandLine;
using System.Globalization;
using MailBench.Cli.Hosting;
using MailBench.Model.Options;
using MailBench.Model.Units;
using MailBench.Peers.Mailbox;

namespace MailBench.Cli.Commands;

/// <summary><c>mailbench mailbox</c>.</summary>
internal static class MailboxCommand
{
    private const string Example = """
        $ mailbench mailbox --pop3 127.0.0.1:1110 --smtp 127.0.0.1:2525 --store /var/tmp/mail --users 1000
        ready pop3 127.0.0.1:1110
        ready smtp 127.0.0.1:2525
        ^C
        {"sessions":2010,"tlsSessions":0,"logins":2000,"loginsRefused":0,"retrieved":500,"deleted":500,"messages":500,"delivered":500,"refused":0,"storedOctets":2048000,"octetsIn":2140000,"octetsOut":2290000,"syncs":1006}
        """;

    public static Command Create()
    {
        var pop3 = Addresses("--pop3", "Addresses to serve POP3 on (plain text unless --tls says more: for a benchmark's network).");
        var imap = Addresses("--imap", "Addresses to serve IMAP4rev1 on (plain text as well), with IDLE, LITERAL+, UIDPLUS, MOVE; folders are Maildir++, UIDs are kept in a file of each.");
        var smtp = Addresses("--smtp", "Addresses to receive mail on over SMTP, as the final destination of USER@mail.SUFFIX and of <postmaster>; nothing is relayed.");
        var lmtp = Addresses("--lmtp", "Addresses to receive mail on over LMTP (a reply for each recipient).");
        var store = new Option<string>("--store") { Description = "Folder of the maildirs, DIR/USER/{tmp,new,cur}; each is made at its first delivery.", HelpName = "DIR", Required = true };
        var users = new Option<string>("--users")
        {
            Description = "A number: users user0 … userN-1, whose password is their name. Or a file of lines name:password.",
            HelpName = "N|FILE",
            Required = true,
        };
        var suffix = new Option<string>("--suffix") { Description = "Mail is for USER@mail.SUFFIX.", DefaultValueFactory = _ => "test", HelpName = "NAME" };
        var quota = new Option<string?>("--quota") { Description = "Octets that a user's maildir may hold, and each of its folders; beyond it 452 4.2.2 or NO (no limit unless said).", HelpName = "SIZE" };
        var sessions = new Option<int>("--max-sessions") { Description = "Sessions at once; beyond it clients are told so and closed.", DefaultValueFactory = _ => 20_000, HelpName = "N" };
        var loginSocket = new Option<string?>("--pop-before-smtp") { Description = "Tell the MTA whose socket this is ('mailbench mta --pop-before-smtp SOCKET') of each login over POP3 or IMAP: the client's address may then relay for a while.", HelpName = "SOCKET" };
        var control = NodeOptionsParsing.Control();
        var tls = new ServerTlsOptions("starttls: POP3 offers STLS, IMAP and SMTP offer STARTTLS. implicit: POP3 and IMAP begin with TLS. Versions and ciphers are the system's.");

        var command = new Command("mailbox", "A mailbox server: maildirs, POP3, IMAP, and the final destination of its users' mail over SMTP and LMTP. What it answers 250 to is synced.")
        {
            pop3, imap, smtp, lmtp, store, users, suffix, quota, sessions, loginSocket, control,
        };
        tls.AddTo(command);
        command.SetAction((parsed, _) =>
        {
            var options = new MailboxOptions
            {
                Pop3 = NodeOptionsParsing.EndPoints("--pop3", parsed.GetValue(pop3) ?? []),
                Imap = NodeOptionsParsing.EndPoints("--imap", parsed.GetValue(imap) ?? []),
                Smtp = NodeOptionsParsing.EndPoints("--smtp", parsed.GetValue(smtp) ?? []),
                Lmtp = NodeOptionsParsing.EndPoints("--lmtp", parsed.GetValue(lmtp) ?? []),
                StoreDirectory = parsed.GetValue(store)!,
                Suffix = parsed.GetValue(suffix)!,
                Quota = parsed.GetValue(quota) is { } text ? NodeOptionsParsing.Value("--quota", text, ByteSize.Parse) : default,
                MaxSessions = parsed.GetValue(sessions),
                Tls = tls.Read(parsed),
                LoginSocket = parsed.GetValue(loginSocket),
            };
            if (options.Pop3.Count + options.Imap.Count + options.Smtp.Count + options.Lmtp.Count == 0) throw new UsageException("One of --pop3, --imap, --smtp and --lmtp is needed: what should be served? For example --pop3 127.0.0.1:1110.");
            if (options.MaxSessions < 1) throw new UsageException($"--max-sessions: {options.MaxSessions} is too few; write 1 or more.");
            var who = parsed.GetValue(users)!;
            options = int.TryParse(who, NumberStyles.None, CultureInfo.InvariantCulture, out var count)
                ? options with { Users = count >= 1 ? count : throw new UsageException("--users: 0 users have no mail; write 1 or more.") }
                : options with { UsersFile = File.Exists(who) ? who : throw new UsageException($"--users: '{who}' is neither a number nor a file of lines name:password.") };
            return new NodeHost(new MailboxNode(options, TimeProvider.System), parsed.GetValue(control), TimeProvider.System).RunAsync();
        });
        return command.WithExample(Example);
    }

    private static Option<string[]> Addresses(string name, string description) => new(name) { Description = description, HelpName = "ADDRESS:PORT[,…]" };
}
