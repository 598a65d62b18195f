using BenchmarkDotNet.Running;
using MailBench.Benchmarks.Rows;

// A row of the peers' table or of the core's (`core`, `acceptance`, `million`; `peers`, `source-cpu`, `dns`, `lateness`, `line`), or BenchmarkDotNet with its own options.
if (args is [var row, .. var rest] && Row.Find(row) is { } known) return known.Run(new RowOptions(rest));
BenchmarkSwitcher.FromAssembly(typeof(Row).Assembly).Run(args);
return 0;
