using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using BenchmarkDotNet.Attributes;
using MailBench.Transport.Linux;

namespace MailBench.Benchmarks.Micro;

/// <summary>
/// A send and its receive over loopback, on 16 connections: each a system call, or all sends and then all receives entering the kernel together, as a turn of the loop does. Where there is no ring
/// the second does as the first.
/// </summary>
[Config(typeof(ShortConfig))]
public unsafe class CallRingBenchmarks
{
    private const int Connections = 16;

    /// <summary>An envelope or a reply; a message of 4 KiB differs by a tenth.</summary>
    private const int Octets = 120;

    private readonly Socket[] _sockets = new Socket[2 * Connections];
    private readonly int[] _from = new int[Connections];
    private readonly int[] _to = new int[Connections];
    private readonly int[] _results = new int[CallRing.Capacity];
    private readonly byte* _octets = (byte*)NativeMemory.AllocZeroed(Octets);
    private readonly CallRing? _ring = OperatingSystem.IsLinux() ? CallRing.TryOpen() : null;

    [GlobalSetup]
    public void Connect()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        for (var i = 0; i < Connections; i++)
        {
            var from = _sockets[i] = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            from.Connect(listener.LocalEndPoint!);
            var to = _sockets[Connections + i] = listener.Accept();
            (_from[i], _to[i]) = ((int)from.Handle, (int)to.Handle);
        }
    }

    [GlobalCleanup]
    public void Close()
    {
        foreach (var socket in _sockets) socket.Dispose();
        _ring?.Dispose();
        NativeMemory.Free(_octets);
    }

    [Benchmark(Baseline = true, OperationsPerInvoke = Connections), AllocationBudget(0)]
    public void OneByOne()
    {
        foreach (var from in _from) _ = Native.send(from, _octets, Octets, Native.MSG_NOSIGNAL);
        foreach (var to in _to) _ = Native.recv(to, _octets, Octets, 0);
    }

    [Benchmark(OperationsPerInvoke = Connections), AllocationBudget(0)]
    public void Together()
    {
        if (_ring is null)
        {
            OneByOne();
            return;
        }

        foreach (var from in _from) _ring.Send(from, _octets, Octets);
        _ring.Perform(_results);
        foreach (var to in _to) _ring.Receive(to, _octets, Octets);
        _ring.Perform(_results);
    }
}
