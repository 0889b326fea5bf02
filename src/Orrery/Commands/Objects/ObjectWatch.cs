using System.Text.Json;
using Orrery.Api;
using Orrery.Client;

namespace Orrery.Commands.Objects;

/// <summary><c>orrery KIND get --watch</c>: prints what is there, then each change as it comes, until it is interrupted.</summary>
/// <param name="ns">Empty for a kind without namespaces, and for all of them.</param>
/// <param name="query">Which objects.</param>
/// <param name="withEvents">Says of each line what happened: ADDED, MODIFIED or DELETED.</param>
internal sealed class ObjectWatch(KubeClient client, ObjectKind kind, string ns, ListQuery query, TimeProvider time, bool withEvents)
{
    /// <summary>Between attempts while the server is away.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>Runs until cancelled. A watch that ends or breaks goes on where it was; one that comes back too late begins again with what is there.</summary>
    public Task RowsAsync(TableLook look, TextWriter output, CancellationToken cancellationToken)
    {
        TableLook shown = look;
        int[]? widths = null;
        return RunAsync(
            async () =>
            {
                JsonElement table = await client.GetTableAsync(kind.Resource, ns, cancellationToken, query: query).ConfigureAwait(false);
                Show(table, WatchEventType.Added);
                return new KubeObject(table).ResourceVersion;
            },
            client.WatchTableAsync,
            change =>
            {
                Show(change.Object.Json, change.Type);
                return change.Object.Json.GetProperty("rows") is { ValueKind: JsonValueKind.Array } rows && rows.GetArrayLength() > 0 && rows[0].TryGetProperty("object", out JsonElement about) ? new KubeObject(about) : null;
            },
            cancellationToken);

        void Show(JsonElement table, WatchEventType type)
        {
            // Columns are said once, and again only where they become others.
            if (table.TryGetProperty("columnDefinitions", out JsonElement columns) && columns.ValueKind == JsonValueKind.Array && columns.GetArrayLength() > 0)
            {
                shown = shown.With(columns);
            }

            if (TableText.RowsOf(table) > 0)
            {
                widths = TableText.Write(table, output, shown, widths, withEvents ? Word(type) : null);
                shown = shown with { Header = false };
            }
        }
    }

    /// <inheritdoc cref="RowsAsync"/>
    public Task WholeAsync(string format, TextWriter output, CancellationToken cancellationToken)
    {
        bool first = true;
        return RunAsync(
            async () =>
            {
                KubeList list = await client.ListAsync(kind.Resource, ns, query, cancellationToken).ConfigureAwait(false);
                foreach (KubeObject item in list.Items)
                {
                    Show(item, WatchEventType.Added);
                }

                return list.ResourceVersion;
            },
            client.WatchAsync,
            change =>
            {
                Show(change.Object, change.Type);
                return change.Object;
            },
            cancellationToken);

        void Show(KubeObject item, WatchEventType type)
        {
            if (format == "yaml" && !first)
            {
                output.WriteLine("---");
            }

            first = false;
            output.Write(OutputOption.Text(format, kind, item, withEvents ? Word(type) : null));
        }
    }

    /// <param name="list">Shows what is there, and gives back the version that it is of.</param>
    /// <param name="show">Gives back the object that changed, as far as it is known.</param>
    private async Task RunAsync(
        Func<Task<string>> list, Func<GroupVersionResource, string, WatchQuery, CancellationToken, IAsyncEnumerable<WatchEvent>> watch, Func<WatchEvent, KubeObject?> show, CancellationToken cancellationToken)
    {
        string reached = "";
        while (true)
        {
            try
            {
                reached = reached.Length > 0 ? reached : await list().ConfigureAwait(false);
                var from = new WatchQuery { ResourceVersion = reached, LabelSelector = query.LabelSelector, FieldSelector = query.FieldSelector };
                await foreach (WatchEvent change in watch(kind.Resource, ns, from, cancellationToken).ConfigureAwait(false))
                {
                    KubeObject? about = change.Type == WatchEventType.Bookmark ? change.Object : show(change);
                    reached = about?.ResourceVersion is { Length: > 0 } version ? version : reached;
                }
            }
            catch (StatusException e) when (e.IsExpired && reached.Length > 0)
            {
                reached = "";
                continue;
            }
            catch (Exception e) when (e is HttpRequestException or IOException && reached.Length > 0 && !cancellationToken.IsCancellationRequested)
            {
                await Console.Error.WriteLineAsync($"orrery: the watch broke ({e.Message}); it goes on when the server is back").ConfigureAwait(false);
            }

            await Task.Delay(Pause, time, cancellationToken).ConfigureAwait(false);
        }
    }

    private static string Word(WatchEventType type) => type.ToString().ToUpperInvariant();
}
