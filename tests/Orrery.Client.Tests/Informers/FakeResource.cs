using System.Globalization;
using System.Threading.Channels;
using Microsoft.AspNetCore.Http;
using Orrery.Client.Tests.Support;

namespace Orrery.Client.Tests.Informers;

/// <summary>
/// The list and watch of one resource as a server would answer them, with the faults a test wants: broken
/// connections, and versions that are no longer kept.
/// </summary>
internal sealed class FakeResource
{
    private readonly Lock gate = new();
    private readonly SortedDictionary<string, (string Json, long Version)> objects = new(StringComparer.Ordinal);
    private readonly List<(long Version, string Line)> log = [];
    private readonly List<(Channel<string> Lines, HttpContext Context, long From)> watchers = [];
    private long version = 10;
    private int lists;

    /// <summary>Watches from before this version answer 410.</summary>
    public long OldestKept { get; set; }

    /// <summary>Answer lists and watches with 503.</summary>
    public bool Down { get; set; }

    /// <summary>How often it was listed.</summary>
    public int Lists => lists;

    public int Watchers
    {
        get
        {
            lock (gate)
            {
                return watchers.Count;
            }
        }
    }

    public string Put(string name, string extra = "")
    {
        lock (gate)
        {
            bool existed = objects.ContainsKey(name);
            version++;
            string json = $$$"""{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"{{{name}}}","namespace":"ns","uid":"u-{{{name}}}","resourceVersion":"{{{version}}}"{{{extra}}}}}""";
            objects[name] = (json, version);
            Tell(existed ? "MODIFIED" : "ADDED", json);
            return json;
        }
    }

    public void Delete(string name)
    {
        lock (gate)
        {
            version++;
            string json = objects[name].Json.Replace(
                $"\"resourceVersion\":\"{objects[name].Version}\"", $"\"resourceVersion\":\"{version}\"", StringComparison.Ordinal);
            objects.Remove(name);
            Tell("DELETED", json);
        }
    }

    public void Bookmark()
    {
        lock (gate)
        {
            version++;
            Tell("BOOKMARK", $$$"""{"kind":"ConfigMap","apiVersion":"v1","metadata":{"resourceVersion":"{{{version}}}"}}""");
        }
    }

    /// <summary>Puts everything back to how it was at an earlier version, as from a backup, and breaks every open watch.</summary>
    public void PutBack(long to)
    {
        lock (gate)
        {
            log.RemoveAll(line => line.Version > to);
            version = to;
            objects.Clear();
            foreach ((long at, string line) in log)
            {
                using var change = System.Text.Json.JsonDocument.Parse(line);
                System.Text.Json.JsonElement found = change.RootElement.GetProperty("object");
                string name = found.GetProperty("metadata").GetProperty("name").GetString()!;
                objects.Remove(name);
                if (change.RootElement.GetProperty("type").GetString() != "DELETED")
                {
                    objects[name] = (found.GetRawText(), at);
                }
            }

            foreach ((_, HttpContext context, _) in watchers)
            {
                context.Abort();
            }

            watchers.Clear();
        }
    }

    /// <summary>Breaks every open watch.</summary>
    public void Break()
    {
        lock (gate)
        {
            foreach ((_, HttpContext context, _) in watchers)
            {
                context.Abort();
            }
        }
    }

    public async Task AnswerAsync(HttpContext context)
    {
        if (Down)
        {
            await ScriptedServer.JsonAsync(context, Api.ApiErrors.ServiceUnavailable("down").Status.ToJson().ToJsonString(), 503);
            return;
        }

        if (context.Request.Query["watch"] != "true")
        {
            string list;
            Interlocked.Increment(ref lists);
            lock (gate)
            {
                list = $$$"""{"kind":"ConfigMapList","apiVersion":"v1","metadata":{"resourceVersion":"{{{version}}}"},"items":[{{{string.Join(',', objects.Values.Select(o => o.Json))}}}]}""";
            }

            await ScriptedServer.JsonAsync(context, list);
            return;
        }

        long from = long.Parse(context.Request.Query["resourceVersion"]!, CultureInfo.InvariantCulture);
        if (from < OldestKept)
        {
            await ScriptedServer.SendAsync(context, """{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old"}}""" + "\n");
            return;
        }

        var lines = Channel.CreateUnbounded<string>();
        lock (gate)
        {
            foreach ((long at, string line) in log)
            {
                if (at > from)
                {
                    lines.Writer.TryWrite(line);
                }
            }

            watchers.Add((lines, context, from));
        }

        try
        {
            // Headers at once: a client knows that it watches before anything happens.
            await context.Response.StartAsync();
            await foreach (string line in lines.Reader.ReadAllAsync(context.RequestAborted))
            {
                await ScriptedServer.SendAsync(context, line);
            }
        }
        catch (OperationCanceledException)
        {
            // The client went, or Break was called.
        }
        finally
        {
            lock (gate)
            {
                watchers.Remove((lines, context, from));
            }
        }
    }

    private void Tell(string type, string json)
    {
        string line = $$"""{"type":"{{type}}","object":{{json}}}""" + "\n";
        log.Add((version, line));
        foreach ((Channel<string> lines, _, long from) in watchers)
        {
            // One who asked from a version that is not reached again, after everything was put back, is told no changes up to it.
            if (version > from || type == "BOOKMARK")
            {
                lines.Writer.TryWrite(line);
            }
        }
    }
}
