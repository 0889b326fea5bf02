using Orrery.Api;
using Orrery.Client;

namespace Orrery.Controllers.Installations;

/// <summary>
/// Watches what installations take values from, each object by itself and for as long as one names it: all ConfigMaps and Secrets of the root
/// cluster are many, change often, and are none of the controllers' business.
/// </summary>
internal sealed class ValueWatches : IDisposable
{
    private const string BySource = "value-source";

    private readonly KubeClient root;
    private readonly Informer installations;
    private readonly ControllersOptions options;
    private readonly Action<KubeObject> woken;

    /// <summary>Sources that may have come or gone.</summary>
    private readonly WorkQueue<ValueSource> queue;

    /// <param name="woken">Called for each installation whose values may have changed.</param>
    public ValueWatches(KubeClient root, Informer installations, ControllersOptions options, Action<KubeObject> woken)
    {
        (this.root, this.options, this.woken) = (root, options, woken);
        this.installations = installations.AddIndex(BySource, i => InstallationPlanner.SourcesOf(i).Select(s => s.ToString()));
        queue = new WorkQueue<ValueSource>(options.Time);
        installations.Subscribe(change =>
        {
            foreach (ValueSource source in new[] { change.Old, change.Current }.OfType<KubeObject>().SelectMany(InstallationPlanner.SourcesOf))
            {
                queue.Add(source);
            }
        });
    }

    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var running = new Dictionary<ValueSource, (CancellationTokenSource Stop, Task Watch)>();
        try
        {
            while (true)
            {
                ValueSource source = await queue.TakeAsync(cancellationToken).ConfigureAwait(false);
                bool isWanted = installations.CountByIndex(BySource, source.ToString()) > 0;
                if (!isWanted && running.Remove(source, out (CancellationTokenSource Stop, Task Watch) ended))
                {
                    await EndAsync(ended.Stop, ended.Watch).ConfigureAwait(false);
                }
                else if (isWanted && !running.ContainsKey(source))
                {
                    var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                    running[source] = (stop, Watch(source).RunAsync(stop.Token));
                }

                queue.Done(source);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Asked to stop.
        }
        finally
        {
            foreach ((CancellationTokenSource stop, Task watch) in running.Values)
            {
                await EndAsync(stop, watch).ConfigureAwait(false);
            }
        }
    }

    public void Dispose() => queue.Dispose();

    private static async Task EndAsync(CancellationTokenSource stop, Task watch)
    {
        await stop.CancelAsync().ConfigureAwait(false);
        await watch.ConfigureAwait(false);
        stop.Dispose();
    }

    private Informer Watch(ValueSource source)
    {
        InformerOptions one = options.Informers with { Namespace = source.Namespace, FieldSelector = $"metadata.name={source.Name}" };
        return new Informer(root, source.Resource, one).Subscribe(_ =>
        {
            foreach (KubeObject installation in installations.ByIndex(BySource, source.ToString()))
            {
                woken(installation);
            }
        });
    }
}
