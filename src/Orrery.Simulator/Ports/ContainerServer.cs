using System.Globalization;
using System.Text;
using Orrery.Api;
using Orrery.Simulator.Cluster;

namespace Orrery.Simulator.Ports;

/// <summary>
/// What answers on the port of a simulated container. To HTTP it says who it is and what was asked, as small test servers do, with the status that a path
/// <c>/status/NNN</c> asks for; to anything else it says back what it was told.
/// </summary>
internal static class ContainerServer
{
    private const int LongestHead = 64 * 1024;
    private static readonly string[] Methods = ["GET ", "HEAD ", "POST ", "PUT ", "PATCH ", "DELETE ", "OPTIONS "];

    public static (int Status, byte[] Body) Answer(KubeObject pod, int port, string method, string target, ReadOnlySpan<byte> body)
    {
        string path = target.Split('?')[0];
        int status = path.StartsWith("/status/", StringComparison.Ordinal) && int.TryParse(path["/status/".Length..], NumberStyles.None, CultureInfo.InvariantCulture, out int asked) && asked is >= 200 and < 600 ? asked : 200;
        var text = new StringBuilder(string.Create(CultureInfo.InvariantCulture, $"pod: {pod.Name}\nnamespace: {pod.Namespace}\nnode: {pod.NodeName}\nport: {port}\nasked: {method} {target}\n"));
        if (body.Length > 0)
        {
            text.Append("body: ").Append(Encoding.UTF8.GetString(body)).Append('\n');
        }

        return (status, Encoding.UTF8.GetBytes(text.ToString()));
    }

    /// <summary>One connection, until the client ends it.</summary>
    public static async Task ServeAsync(
        KubeObject pod, int port, Func<CancellationToken, ValueTask<ReadOnlyMemory<byte>>> read, Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> write, CancellationToken cancellationToken)
    {
        var held = new List<byte>();
        bool? isHttp = null;
        while (true)
        {
            ReadOnlyMemory<byte> got = await read(cancellationToken).ConfigureAwait(false);
            if (got.IsEmpty)
            {
                return;
            }

            isHttp ??= Methods.Any(m => Encoding.ASCII.GetString(got.Span[..Math.Min(m.Length, got.Length)]) == m);
            if (isHttp == false)
            {
                await write(got, cancellationToken).ConfigureAwait(false);
                continue;
            }

            held.AddRange(got.Span);
            while (Take(held) is { } request)
            {
                (int status, byte[] body) = Answer(pod, port, request.Method, request.Target, request.Body);
                string head = string.Create(
                    CultureInfo.InvariantCulture,
                    $"HTTP/1.1 {status} {(status == 200 ? "OK" : "Status")}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {body.Length}\r\n{(request.IsLast ? "Connection: close\r\n" : "")}\r\n");
                await write(request.Method == "HEAD" ? Encoding.ASCII.GetBytes(head) : (byte[])[.. Encoding.ASCII.GetBytes(head), .. body], cancellationToken).ConfigureAwait(false);
                if (request.IsLast)
                {
                    return;
                }
            }

            if (held.Count > LongestHead)
            {
                return;
            }
        }
    }

    /// <summary>Takes one whole request out of what has come in; bodies by their length only.</summary>
    private static Request? Take(List<byte> held)
    {
        string text = Encoding.Latin1.GetString([.. held]);
        int end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        if (end < 0)
        {
            return null;
        }

        string[] lines = text[..end].Split("\r\n");
        string Header(string name) => lines.Skip(1).FirstOrDefault(l => l.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase))?[(name.Length + 1)..].Trim() ?? "";
        int length = int.TryParse(Header("Content-Length"), NumberStyles.None, CultureInfo.InvariantCulture, out int said) ? said : 0;
        int whole = end + 4 + length;
        if (held.Count < whole)
        {
            return null;
        }

        byte[] body = [.. held.Skip(end + 4).Take(length)];
        held.RemoveRange(0, whole);
        string[] words = lines[0].Split(' ');
        return new Request(words[0], words.Length > 1 ? words[1] : "/", body, Header("Connection").Equals("close", StringComparison.OrdinalIgnoreCase) || lines[0].EndsWith("HTTP/1.0", StringComparison.Ordinal));
    }

    private sealed record Request(string Method, string Target, byte[] Body, bool IsLast);
}
