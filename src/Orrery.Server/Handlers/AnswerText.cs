using System.Buffers;
using System.IO.Compression;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Orrery.Api;
using Orrery.Machinery;
using Orrery.Server.Requests;

namespace Orrery.Server.Handlers;

/// <summary>
/// How the JSON of an answer goes out: as it is, indented for who reads it, or as YAML; in gzip where the client takes it and it is
/// large (apiserver <c>pkg/endpoints/handlers/responsewriters/writers.go</c>).
/// </summary>
internal static class AnswerText
{
    /// <summary>Smaller answers are not worth the work.</summary>
    public const int CompressedFrom = 128 * 1024;

    private static readonly JsonWriterOptions Indented = new() { Indented = true, NewLine = "\n", Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Whether the bytes of the JSON are the answer.</summary>
    public static bool IsPlain(HttpRequest request) => !Negotiation.WantsYaml(request.Headers.Accept) && !WantsIndented(request);

    public static (ReadOnlyMemory<byte> Body, string ContentType) Render(HttpRequest request, ReadOnlyMemory<byte> json) =>
        Negotiation.WantsYaml(request.Headers.Accept) ? (YamlText.From(json), "application/yaml")
        : WantsIndented(request) ? (Indent(json), "application/json")
        : (json, "application/json");

    /// <summary>Whether an answer of this size is to be compressed.</summary>
    public static bool IsCompressed(HttpRequest request, long size) => size > CompressedFrom && TakesGzip(request);

    public static bool TakesGzip(HttpRequest request) => request.Headers.AcceptEncoding.ToString().Split(',').Any(token => token.Trim() == "gzip");

    public static Stream Compress(Stream output) => new GZipStream(output, CompressionLevel.Fastest, leaveOpen: true);

    /// <summary>The query says so, or the program is one that people read with.</summary>
    private static bool WantsIndented(HttpRequest request)
    {
        if (request.QueryString.Value is { } query && query.Contains("pretty", StringComparison.Ordinal) && request.Query["pretty"].ToString() is { Length: > 0 } said)
        {
            return said is "1" or "t" or "T" or "TRUE" or "true" or "True";
        }

        string agent = request.Headers.UserAgent.ToString();
        return agent.StartsWith("curl", StringComparison.Ordinal) || agent.StartsWith("Wget", StringComparison.Ordinal) || agent.StartsWith("Mozilla/5.0", StringComparison.Ordinal);
    }

    private static ReadOnlyMemory<byte> Indent(ReadOnlyMemory<byte> json)
    {
        using var document = JsonDocument.Parse(json, KubeJson.DocumentOptions);
        var buffer = new ArrayBufferWriter<byte>(json.Length * 2);
        using (var writer = new Utf8JsonWriter(buffer, Indented))
        {
            document.WriteTo(writer);
        }

        buffer.Write("\n"u8);
        return buffer.WrittenMemory;
    }
}
