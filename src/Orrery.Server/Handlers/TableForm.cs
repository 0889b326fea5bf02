using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Tables;
using Orrery.Server.Cache;

namespace Orrery.Server.Handlers;

/// <summary>Rows of a table: what kubectl prints. One instance answers one request: of a watch, the first event alone carries the columns.</summary>
internal sealed class TableForm : JsonForm
{
    private readonly TablePrinter printer;
    private readonly TableWriter writer;
    private bool columnsAreSent;

    /// <param name="version">Of meta.k8s.io: <c>v1</c> or <c>v1beta1</c>.</param>
    public TableForm(ResourceRequest request, string version)
    {
        printer = request.Resource.Printer;
        writer = new TableWriter(printer, TableWriter.ReadInclude(request.Query["includeObject"]), request.Server.Time, version);
    }

    public override ReadOnlyMemory<byte> Render(ResourceRequest request, ReadOnlyMemory<byte> json)
    {
        var output = new ArrayBufferWriter<byte>();
        WriteOne(output, ServedObject.Json(request.Resource, json), withColumns: true);
        return output.WrittenMemory;
    }

    protected override void WriteEventObject(ResourceRequest request, IBufferWriter<byte> output, CachedObject item)
    {
        WriteOne(output, Served(request, item), withColumns: !columnsAreSent);
        columnsAreSent = true;
    }

    protected override JsonObject Bookmark(ResourceRequest request, JsonObject metadata) => new()
    {
        ["kind"] = "Table",
        ["apiVersion"] = writer.ApiVersion,
        ["metadata"] = metadata,
        ["columnDefinitions"] = null,
        ["rows"] = new JsonArray(),
    };

    protected override ValueTask WriteListAsync(ResourceRequest request, PipeWriter output, ListHead head, IReadOnlyList<CachedObject> items, CancellationToken cancellationToken)
    {
        if (items.Count > 0)
        {
            return base.WriteListAsync(request, output, head, printer.Order is { } order ? Ordered(items, order) : items, cancellationToken);
        }

        writer.Write(output, Head(head), []);
        return ValueTask.CompletedTask;
    }

    protected override void Open(ResourceRequest request, IBufferWriter<byte> output, ListHead head) => writer.WriteHead(output, Head(head));

    protected override void WriteItem(ResourceRequest request, IBufferWriter<byte> output, CachedObject item, bool isFirst) =>
        writer.WriteRow(output, Served(request, item).Span);

    private static CachedObject[] Ordered(IReadOnlyList<CachedObject> items, Comparison<KubeObject> order) =>
        [.. items.Select(i => (Item: i, Read: KubeObject.Parse(i.Json.Span))).Order(Comparer<(CachedObject Item, KubeObject Read)>.Create((a, b) => order(a.Read, b.Read))).Select(i => i.Item)];

    private static TableHead Head(ListHead head) => new(head.Revision, head.Continue, head.Remaining);

    private static ReadOnlyMemory<byte> Served(ResourceRequest request, CachedObject item) =>
        ServedObject.Json(request.Resource, request.Cluster.IsAll ? item.JsonWithClusterName() : item.Json, complete: true);

    private void WriteOne(IBufferWriter<byte> output, ReadOnlyMemory<byte> json, bool withColumns) =>
        writer.Write(output, new TableHead(KubeObject.Parse(json.Span).ResourceVersion), [json], withColumns);
}
