namespace Orrery.Server.Audit;

/// <summary>What is recorded of requests, and where. Names and defaults of kube-apiserver's <c>--audit-*</c> flags.</summary>
public sealed record AuditOptions
{
    public required AuditPolicy Policy { get; init; }

    /// <summary>File that events are appended to, one JSON object a line, readable by its owner alone; <c>-</c> is standard output.</summary>
    public required string Path { get; init; }

    /// <summary>MiB after which a file is put aside and a new one begun. Above zero.</summary>
    public int MaxSizeMegabytes { get; init; } = 100;

    /// <summary>Days after which a file that was put aside is deleted; zero keeps all.</summary>
    public int MaxAgeDays { get; init; }

    /// <summary>How many files that were put aside are kept; zero keeps all.</summary>
    public int MaxBackups { get; init; }
}
