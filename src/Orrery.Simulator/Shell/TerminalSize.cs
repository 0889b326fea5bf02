using System.Text.Json;

namespace Orrery.Simulator.Shell;

/// <summary>How large a client's terminal is, as it says whenever that changes (client-go <c>tools/remotecommand/resize.go</c>).</summary>
internal sealed record TerminalSize(int Columns, int Rows)
{
    /// <returns>Null for what says no size.</returns>
    public static TerminalSize? Parse(ReadOnlyMemory<byte> json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return document.RootElement is { ValueKind: JsonValueKind.Object } said && said.TryGetProperty("Width", out JsonElement width) && said.TryGetProperty("Height", out JsonElement height)
                && width.TryGetUInt16(out ushort columns) && height.TryGetUInt16(out ushort rows) ? new TerminalSize(columns, rows) : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}
