using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Orrery.Api;
using Orrery.Machinery.Tables;
using Orrery.Server.Discovery;
using Orrery.Server.Requests;

namespace Orrery.Server.Handlers;

/// <summary>Answers a request for figures of <c>metrics.k8s.io</c>, as objects or as the table that <c>kubectl get</c> prints.</summary>
public static class MetricsAnswer
{
    /// <param name="items">What was measured; gets kind and apiVersion.</param>
    /// <exception cref="StatusException">404: one is asked for, and there is none. 400: a table of a form that there is not.</exception>
    public static async Task WriteAsync(GroupRequest asked, IReadOnlyList<JsonObject> items, HttpContext http, TimeProvider time, CancellationToken cancellationToken)
    {
        string kind = asked.Resource == ResourceMetrics.Pods ? "PodMetrics" : "NodeMetrics";
        foreach (JsonObject item in items)
        {
            item["kind"] = kind;
            item["apiVersion"] = asked.Resource.ApiVersion;
        }

        if (asked.Name.Length > 0 && items.Count == 0)
        {
            throw ResourceMetrics.NotFound(asked.Resource, asked.Namespace, asked.Name);
        }

        // Clients of figures take JSON whatever else they would rather have; only a table is another thing.
        string accept = http.Request.Headers.Accept.ToString();
        ReadOnlyMemory<byte> body = accept.Contains("as=Table", StringComparison.Ordinal) && Negotiation.Answer(accept, binary: BinaryForms.None) is { Shape: AnswerShape.Table } format
            ? Table(asked, items, format.ShapeVersion, http.Request.Query["includeObject"], time)
            : JsonSerializer.SerializeToUtf8Bytes<JsonNode>(asked.Name.Length > 0 ? items[0] : List(asked, kind, items));
        http.Response.ContentType = "application/json";
        http.Response.ContentLength = body.Length;
        await http.Response.Body.WriteAsync(body, cancellationToken).ConfigureAwait(false);
    }

    private static JsonObject List(GroupRequest asked, string kind, IReadOnlyList<JsonObject> items) => new()
    {
        ["kind"] = kind + "List", ["apiVersion"] = asked.Resource.ApiVersion, ["metadata"] = new JsonObject(), ["items"] = new JsonArray([.. items]),
    };

    private static ReadOnlyMemory<byte> Table(GroupRequest asked, IReadOnlyList<JsonObject> items, string version, string? include, TimeProvider time)
    {
        var output = new ArrayBufferWriter<byte>();
        new TableWriter(TablePrinter.For(new GroupVersionKind(asked.Resource.Group, asked.Resource.Version, "PodMetrics")), TableWriter.ReadInclude(include), time, version)
            .Write(output, new TableHead(), [.. items.Select(i => (ReadOnlyMemory<byte>)JsonSerializer.SerializeToUtf8Bytes<JsonNode>(i))]);
        return output.WrittenMemory;
    }
}
