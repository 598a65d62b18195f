using System.Text;
using MailBench.Model.Profiles;

namespace MailBench.Runs.Testbed.Systems;

/// <summary>
/// Exim's configuration for a trial. As shipped: the defaults that its authors compiled in, a router by MX, and what the testbed must set. Tuned: <see cref="Tuned"/> on top.
/// </summary>
internal static class EximConfiguration
{
    public const string ConfigurationPlace = "/etc/exim4";
    public const string SpoolPlace = "/var/spool/exim4";
    public const string LogPlace = "/var/log/exim4";
    public const string LogName = "mainlog";

    /// <summary>Throughput settings that people use, and where each is recommended (chapters of the Exim specification, unless said).</summary>
    public static IReadOnlyList<TunedSetting> Tuned { get; } =
    [
        new("split_spool_directory", "true", "main options: better performance with many messages"),
        new("queue_only", "true", "main options: no delivery at once, which starts the program anew for every message; queue runners deliver, and need only fork"),
        new("smtp_accept_max", "200", "main options: more inbound connections than 20"),
        new("queue_run_max", "20", "main options: more queue runners than 5"),
        new("remote_max_parallel", "20", "main options: more parallel deliveries of a message than 2"),
        new("message_logs", "false", "main options: no log file per message; the main log has it all"),
    ];

    /// <summary>Keys that place Exim on the testbed, or that would make it a relay for others: a profile cannot have them.</summary>
    private static readonly HashSet<string> Reserved = new(StringComparer.Ordinal)
    {
        "primary_hostname", "local_interfaces", "daemon_smtp_ports", "spool_directory", "log_file_path", "pid_file_path", "exim_path", "exim_user", "exim_group", "acl_smtp_rcpt", "acl_smtp_connect",
        "acl_smtp_mail", "acl_smtp_data", "acl_smtp_predata", "acl_not_smtp", "acl_smtp_helo", "trusted_users", "never_users", "keep_environment", "add_environment", "system_filter", "perl_startup", "local_scan_path",
        "dns_ipv4_lookup", "tls_advertise_hosts", "disable_ipv6",
    };

    /// <summary>Options of the transport; all others are main options.</summary>
    private static readonly HashSet<string> OfTransport = new(StringComparer.Ordinal)
    {
        "connection_max_messages", "max_rcpt", "hosts_avoid_pipelining", "hosts_try_chunking", "hosts_avoid_esmtp", "hosts_max_try", "multi_domain", "command_timeout", "connect_timeout", "data_timeout", "final_timeout", "serialize_hosts",
    };

    /// <summary>A profile's name for the one retry rule, after its pattern: <c>F,2h,15m; G,16h,1h,1.5; F,4d,6h</c> is what Exim's sample has. Mail is given up where it ends.</summary>
    private const string Retry = "retry";

    /// <summary>Exim expands <c>$</c> in values, up to running programs; no throughput setting needs that.</summary>
    public static string? Refusal(MailSystem system)
    {
        foreach (var (key, value) in system.Settings)
        {
            if (Reserved.Contains(key)) return $"settings.{key}: that is where the testbed puts Exim, or whom it relays for; a profile cannot change it.";
            if (!key.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '_')) return $"settings.{key}: Exim's options are words of small letters, digits and underscores.";
            if (value.IndexOfAny(['$', '|', '\\', '`']) >= 0) return $"settings.{key}: a value that Exim would expand or run is not taken.";
        }

        return null;
    }

    public static string Write(MailSystem system, string hostName)
    {
        var effective = ForeignAdapter.Effective(system, Tuned);
        var text = new StringBuilder($"""
            primary_hostname = {hostName}
            local_interfaces = {MtaAdapter.DoorAddress}
            daemon_smtp_ports = 25
            spool_directory = {SpoolPlace}
            log_file_path = {LogPlace}/%slog
            pid_file_path = /run/exim.pid
            keep_environment =
            disable_ipv6 = true
            # Nobody here speaks TLS; as shipped, Exim would make a certificate of its own for every start.
            tls_advertise_hosts =
            acl_smtp_rcpt = relay_from_here

            """);
        // A queue run a second would fill the log with its own begin and end.
        if (!effective.ContainsKey("log_selector")) text.Append("log_selector = -queue_run\n");
        foreach (var (key, value) in effective.Where(pair => pair.Key != Retry && !OfTransport.Contains(pair.Key))) text.Append(key).Append(" = ").Append(value).Append('\n');
        text.Append("""
            begin acl
            relay_from_here:
              accept hosts = 127.0.0.1
              deny message = relay not permitted

            begin routers
            by_mx:
              driver = dnslookup
              transport = smtp_out
              # The testbed's MX hosts have addresses of the loopback network, which Exim takes for its own.
              self = send
              no_more

            begin transports
            smtp_out:
              driver = smtp

            """);
        foreach (var (key, value) in effective.Where(pair => OfTransport.Contains(pair.Key))) text.Append("  ").Append(key).Append(" = ").Append(value).Append('\n');
        text.Append($"""

            begin retry
            * * {effective.GetValueOrDefault(Retry, "F,2h,15m; G,16h,1h,1.5; F,4d,6h")}

            """);
        return text.ToString();
    }
}
