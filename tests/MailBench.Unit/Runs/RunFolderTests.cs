using System.Net;
using System.Net.Sockets;
using MailBench.Model.Profiles;
using MailBench.Model.Records;
using MailBench.Runs.Disclosure;
using MailBench.Runs.Phases;
using MailBench.Runs.Records;
using MailBench.Runs.Sweep;
using MailBench.Runs.Testbed;
using Xunit;

namespace MailBench.Unit.Runs;

public sealed class RunFolderTests : IDisposable
{
    private readonly RunFolder _folder = new(Directory.CreateTempSubdirectory("mailbench-folder-").FullName);

    private static RunPlan Plan => RunPlan.Of(ProfileReader.Read("version: 1\nrepetitions: 4", "p.yaml"));

    public void Dispose() => Directory.Delete(_folder.Root, recursive: true);

    private static TrialRecord Trial(int repetition, RoleFailure? failure = null) =>
        TrialPhases.Void(new TrialPlan(Plan.Points[0], repetition), new RoleFailure("none", "", [])) with { Failure = failure };

    [Fact]
    public void A_torn_line_and_failed_trials_run_again_when_a_run_is_resumed()
    {
        using (var journal = new RunJournal(_folder))
        {
            journal.Append(Trial(0));
            journal.Append(Trial(1, new RoleFailure("sink", "was killed", ["last words"])));
            journal.Append(Trial(2));
        }

        File.AppendAllText(_folder.Journal, "{\"point\":1,\"repet");
        using (var journal = new RunJournal(_folder))
        {
            Assert.Equal([0, 2], journal.Finished.Select(trial => trial.Repetition));
            journal.Append(Trial(3));
        }

        using var again = new RunJournal(_folder);
        Assert.Equal([0, 2, 3], again.Finished.Select(trial => trial.Repetition));
    }

    [Fact]
    public void A_run_keeps_its_id_when_resumed()
    {
        string run;
        using (var record = RunRecord.Open(Plan, _folder, "mailbench run p.yaml", TimeProvider.System))
        {
            run = record.Run;
            Assert.Matches("^[a-z0-9]{1,16}$", run);
            Assert.True(Directory.Exists(_folder.Work));
        }

        using var resumed = RunRecord.Open(Plan, _folder, "mailbench run p.yaml", TimeProvider.System);
        Assert.Equal(run, resumed.Run);
    }

    [Fact]
    public void Events_of_an_abandoned_trial_are_dropped_and_those_of_finished_ones_kept()
    {
        using var record = RunRecord.Open(Plan, _folder, "mailbench run p.yaml", TimeProvider.System);
        foreach (var repetition in new[] { 0, 1 }) File.WriteAllText(_folder.EventsOf("sink", 1, repetition), "x");
        record.Append(Trial(0));
        record.DropUnfinished();
        Assert.Equal([_folder.EventsOf("sink", 1, 0)], Directory.GetFiles(_folder.Events));
    }

    [Fact]
    public void The_disk_probe_measures_and_cleans_up()
    {
        Assert.True(SyncProbe.Measure(_folder.Root, TimeSpan.FromMilliseconds(50)) > 0);
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Root));
    }

    [Fact]
    public void Storage_in_memory_is_known_as_such()
    {
        Assert.SkipUnless(Directory.Exists("/dev/shm"), "needs a tmpfs at /dev/shm");
        Assert.True(StorageProbe.Read("mta", "/dev/shm", null).MemoryBacked);
        Assert.True(StorageProbe.Read("mta", _folder.Root, 1e6).ImplausiblyFast);
    }

    [Fact]
    public void One_port_is_free_on_all_addresses_and_a_taken_one_is_not_picked()
    {
        IPAddress[] addresses = [IPAddress.Parse("127.0.0.1"), IPAddress.Parse("127.0.2.9")];
        Assert.SkipUnless(OperatingSystem.IsLinux(), "needs the whole of 127.0.0.0/8");
        var port = PortPick.FreeOnAll(addresses);
        foreach (var address in addresses)
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(address, port));
        }

        Assert.Contains("no TCP port is free", Assert.Throws<RoleFailedException>(() => PortPick.FreeOnAll([IPAddress.Parse("192.0.2.1")])).Message);
    }
}
