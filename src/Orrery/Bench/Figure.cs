namespace Orrery.Bench;

/// <summary>Something that is measured.</summary>
/// <param name="Key">As <c>--only</c> and JSON name it.</param>
/// <param name="Goal">Null where none is set.</param>
/// <param name="HigherIsBetter">A rate; everything else is a cost.</param>
/// <param name="Reference">kube-apiserver 1.36 with etcd on two cores, recorded once; null where it was not.</param>
internal sealed record Measure(string Key, string Title, string Unit, double? Goal, double? Reference, bool HigherIsBetter = false)
{
    public bool Meets(double value) => Goal is { } goal && (HigherIsBetter ? value >= goal : value <= goal);

    public static readonly Measure Idle = new("idle", "memory idle", "MB", 100, 272);
    public static readonly Measure FirstCreates = new("create-first", "first 4,000 creates, CPU", "µs", null, null);
    public static readonly Measure Create = new("create", "durable create, CPU", "µs", 120, 640);
    public static readonly Measure CreateLatency = new("create-p99", "durable create, p99", "ms", null, null);
    public static readonly Measure CreateRate = new("create-rate", "durable creates", "/s", null, null, HigherIsBetter: true);
    public static readonly Measure Get = new("get", "GET one object, CPU", "µs", 25, 237);
    public static readonly Measure GetLatency = new("get-p99", "GET one object, p99", "ms", null, null);
    public static readonly Measure GetProtobuf = new("get-protobuf", "GET in protobuf, CPU", "µs", null, null);
    public static readonly Measure Update = new("update", "PUT, CPU", "µs", null, null);
    public static readonly Measure Patch = new("patch", "merge patch, CPU", "µs", null, null);
    public static readonly Measure Delete = new("delete", "DELETE, CPU", "µs", null, null);
    public static readonly Measure List = new("list", "LIST 5,000 objects, CPU", "ms", 12, 82);
    public static readonly Measure ListProtobuf = new("list-protobuf", "LIST 5,000 in protobuf, CPU", "ms", null, null);
    public static readonly Measure ObjectMemory = new("object-memory", "memory an object (1 KiB)", "KiB", 3, null);
    public static readonly Measure WatchMemory = new("watch-memory", "idle watch", "KiB", 8, 22);
    public static readonly Measure FanOut = new("fan-out", "watch event and watcher, CPU", "µs", 14, 29);
    public static readonly Measure FanOutProtobuf = new("fan-out-protobuf", "the same in protobuf, CPU", "µs", null, null);
    public static readonly Measure DefinitionMemory = new("crd-memory", "unused CRD", "KiB", 64, 1331);
    public static readonly Measure SharedDefinition = new("crd-shared", "same CRD in another cluster", "KiB", 1, null);

    /// <summary>Those of <c>bench api</c>, in the order in which they are taken.</summary>
    public static readonly IReadOnlyList<Measure> OfApi =
    [
        Idle, DefinitionMemory, SharedDefinition, ObjectMemory, FirstCreates, Create, CreateLatency, CreateRate, Patch, Update, Delete, Get, GetLatency, GetProtobuf, List, ListProtobuf,
        WatchMemory, FanOut, FanOutProtobuf,
    ];
}

/// <summary>What a target showed.</summary>
internal sealed record Figure(Measure Measure, double Value);
