using System.Globalization;
using System.Text;
using MailBench.Model.Profiles;

namespace MailBench.Runs.Testbed.Systems;

/// <summary>
/// Postfix's <c>main.cf</c> and <c>master.cf</c> for a trial. As shipped: the defaults that its authors compiled in, and what the testbed must set. Tuned: <see cref="Tuned"/> on top.
/// </summary>
internal static class PostfixConfiguration
{
    public const string ConfigurationPlace = "/etc/postfix";
    public const string SpoolPlace = "/var/spool/postfix";
    public const string DataPlace = "/var/lib/postfix";
    public const string LogPlace = "/var/log";
    public const string LogName = "mail.log";

    /// <summary>Throughput settings that people use, and where each is recommended (documents of Postfix, unless said).</summary>
    public static IReadOnlyList<TunedSetting> Tuned { get; } =
    [
        new("default_process_limit", "200", "TUNING_README: more delivery and server processes than 100"),
        new("default_destination_concurrency_limit", "100", "TUNING_README: sites that take more than 20 sessions"),
        new("initial_destination_concurrency", "20", "TUNING_README: do not start at 5"),
        new("in_flow_delay", "0", "QSHAPE_README: no brake on mail that comes in faster than it goes out"),
        new("qmgr_message_active_limit", "40000", "QSHAPE_README: a larger active queue"),
        new("qmgr_message_recipient_limit", "40000", "QSHAPE_README: at least as many recipients as messages"),
        new("smtpd_peername_lookup", "no", "TUNING_README: no reverse look-up of clients"),
        new("smtp_tls_security_level", "none", "postconf(5): no offer of TLS to look for"),
        new("smtp_host_lookup", "dns", "postconf(5): its default, so that no other source is asked"),
        new("smtp_connection_cache_on_demand", "yes", "CONNECTION_CACHE_README: reuse where a site gets much mail"),
        new("smtp_connection_cache_destinations", "static:all", "CONNECTION_CACHE_README: reuse for every site, not on demand only"),
    ];

    /// <summary>Keys that place Postfix on the testbed: a profile cannot have them.</summary>
    private static readonly HashSet<string> Reserved = new(StringComparer.Ordinal)
    {
        "queue_directory", "data_directory", "command_directory", "daemon_directory", "config_directory", "meta_directory", "mail_owner", "setgid_group", "maillog_file", "maillog_file_prefixes",
        "inet_interfaces", "inet_protocols", "mynetworks", "mynetworks_style", "smtpd_relay_restrictions", "myhostname", "mydestination", "compatibility_level", "import_environment", "export_environment",
        "multi_instance_directories", "multi_instance_enable", "alternate_config_directories", "mail_release_date", "mail_version",
    };

    /// <summary>The services of the shipped <c>master.cf</c> that a relay uses: name, type, private, unprivileged, wake-up, process limit, command. Chroot is <c>n</c> for all: their files are private anyway.</summary>
    private static readonly string[] Services =
    [
        "smtp inet n - n - - smtpd",
        "pickup unix n - n 60 1 pickup",
        "cleanup unix n - n - 0 cleanup",
        "qmgr unix n - n 300 1 qmgr",
        "tlsmgr unix - - n 1000? 1 tlsmgr",
        "rewrite unix - - n - - trivial-rewrite",
        "bounce unix - - n - 0 bounce",
        "defer unix - - n - 0 bounce",
        "trace unix - - n - 0 bounce",
        "verify unix - - n - 1 verify",
        "flush unix n - n 1000? 0 flush",
        "proxymap unix - - n - - proxymap",
        "proxywrite unix - - n - 1 proxymap",
        "smtp unix - - n - - smtp",
        "relay unix - - n - - smtp",
        "showq unix n - n - - showq",
        "error unix - - n - - error",
        "retry unix - - n - - error",
        "discard unix - - n - - discard",
        "local unix - n n - - local",
        "virtual unix - n n - - virtual",
        "lmtp unix - - n - - lmtp",
        "anvil unix - - n - 1 anvil",
        "scache unix - - n - 1 scache",
        "postlog unix-dgram n - n - 1 postlogd",
    ];

    public static string? Refusal(MailSystem system)
    {
        var reserved = system.Settings.FirstOrDefault(pair => Reserved.Contains(pair.Key)).Key;
        return reserved is null ? null : $"settings.{reserved}: that is where the testbed puts Postfix; a profile cannot change it.";
    }

    public static string MainCf(MailSystem system, string hostName, string daemonDirectory, string commandDirectory)
    {
        var text = new StringBuilder();
        void Set(string key, string value) => text.Append(CultureInfo.InvariantCulture, $"{key} = {value}\n");
        // A relay that takes mail from this host alone and has no mailboxes.
        Set("compatibility_level", "3.6");
        Set("myhostname", hostName);
        Set("mydestination", "");
        Set("mynetworks", "127.0.0.0/8");
        Set("inet_interfaces", MtaAdapter.DoorAddress);
        Set("inet_protocols", "ipv4");
        Set("smtpd_relay_restrictions", "permit_mynetworks, reject");
        Set("alias_maps", "");
        Set("alias_database", "");
        Set("biff", "no");
        Set("queue_directory", SpoolPlace);
        Set("data_directory", DataPlace);
        Set("daemon_directory", daemonDirectory);
        Set("command_directory", commandDirectory);
        // There is no syslog in an enclosure; Postfix's own log daemon takes its place.
        Set("maillog_file", $"{LogPlace}/{LogName}");
        foreach (var (key, value) in ForeignAdapter.Effective(system, Tuned)) Set(key, value);
        return text.ToString();
    }

    public static string MasterCf() => string.Join('\n', Services) + "\n";
}
