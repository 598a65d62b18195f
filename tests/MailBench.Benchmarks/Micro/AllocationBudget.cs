using System.Reflection;
using BenchmarkDotNet.Attributes;

namespace MailBench.Benchmarks.Micro;

/// <summary>What one operation of the benchmark may allocate on the managed heap, in octets. The unit tests hold each benchmark to it; raise it only with a reason beside it.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class AllocationBudgetAttribute(int bytesPerOperation) : Attribute
{
    public int BytesPerOperation { get; } = bytesPerOperation;
}

/// <summary>A benchmark with its budget, and how it is measured: warm, on one thread, the least of some rounds, since a round may hold a first use.</summary>
public sealed record AllocationBudget(MethodInfo Method, int BytesPerOperation)
{
    private const int WarmUp = 2_000, Rounds = 5, Operations = 1_000;

    /// <summary>All benchmarks of this assembly that have one.</summary>
    public static IEnumerable<AllocationBudget> All =>
        from type in typeof(AllocationBudget).Assembly.GetTypes()
        from method in type.GetMethods()
        let budget = method.GetCustomAttribute<AllocationBudgetAttribute>()
        where budget is not null
        select new AllocationBudget(method, budget.BytesPerOperation);

    public string Name => $"{Method.DeclaringType!.Name}.{Method.Name}";

    /// <summary>Octets allocated by one operation, on average.</summary>
    public double Measure()
    {
        var instance = Activator.CreateInstance(Method.DeclaringType!)!;
        Run<GlobalSetupAttribute>(instance);
        try
        {
            var operation = Method.CreateDelegate<Action>(instance);
            for (var i = 0; i < WarmUp; i++) operation();
            var least = long.MaxValue;
            for (var round = 0; round < Rounds; round++)
            {
                var before = GC.GetAllocatedBytesForCurrentThread();
                for (var i = 0; i < Operations; i++) operation();
                least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
            }

            return (double)least / Operations;
        }
        finally
        {
            Run<GlobalCleanupAttribute>(instance);
        }
    }

    private static void Run<T>(object instance)
        where T : Attribute
    {
        foreach (var method in instance.GetType().GetMethods())
            if (method.GetCustomAttribute<T>() is not null) method.Invoke(instance, null);
    }
}
