using System.Diagnostics;

namespace Orrery.Server.Metrics;

/// <summary>What every Prometheus client tells of its process, and of this runtime.</summary>
internal static class ProcessMetrics
{
    public static void Write(PrometheusText text)
    {
        using var process = Process.GetCurrentProcess();
        text.Single("process_cpu_seconds_total", "counter", "User and system CPU time spent.", process.TotalProcessorTime.TotalSeconds);
        text.Single("process_resident_memory_bytes", "gauge", "Resident memory.", process.WorkingSet64);
        text.Single("process_virtual_memory_bytes", "gauge", "Virtual memory.", process.VirtualMemorySize64);
        text.Single("process_start_time_seconds", "gauge", "Start of the process, in seconds since 1970.", new DateTimeOffset(process.StartTime.ToUniversalTime(), TimeSpan.Zero).ToUnixTimeMilliseconds() / 1000.0);
        text.Single("process_threads", "gauge", "Threads of the operating system.", process.Threads.Count);
        if (Directory.Exists("/proc/self/fd"))
        {
            text.Single("process_open_fds", "gauge", "Open file descriptors.", Directory.EnumerateFileSystemEntries("/proc/self/fd").Count());
        }

        text.Single("dotnet_gc_heap_bytes", "gauge", "Managed memory in use.", GC.GetTotalMemory(forceFullCollection: false));
        text.Single("dotnet_gc_committed_bytes", "gauge", "Managed memory held from the system, after the last collection.", GC.GetGCMemoryInfo().TotalCommittedBytes);
        text.Family("dotnet_gc_collections_total", "counter", "Collections by generation.");
        for (int generation = 0; generation <= GC.MaxGeneration; generation++)
        {
            text.Sample("dotnet_gc_collections_total", GC.CollectionCount(generation), ("generation", generation.ToString(System.Globalization.CultureInfo.InvariantCulture)));
        }

        text.Single("dotnet_gc_pause_seconds_total", "counter", "Time that collections have stopped everything.", GC.GetTotalPauseDuration().TotalSeconds);
        text.Single("dotnet_threadpool_queue_length", "gauge", "Work that waits for a thread.", ThreadPool.PendingWorkItemCount);
    }
}
