using Microsoft.Extensions.Logging;
using Orrery.Api;

namespace Orrery.Client;

// How it follows the server: lists, watches, and what it does when either fails.
public sealed partial class Informer
{
    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        bool listed = false;
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                if (options.Until is { } until)
                {
                    await until(cancellationToken).ConfigureAwait(false);
                }

                if (!listed)
                {
                    await ListAsync(cancellationToken).ConfigureAwait(false);
                    listed = true;
                    Refusal = null;
                    IsServed = true;
                    unreadable.Reset();
                    synced.TrySetResult();
                }

                await WatchAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (OperationCanceledException) when (options.History is { } history && history.PutBacks != putBacks)
            {
                InformerLog.HistoryEnded(logger, Resource, resourceVersion);
                listed = false;
            }
            catch (StatusException e) when (listed && !IsPassing(e))
            {
                // Gone (410), or the server lost its mind about our resourceVersion: what we hold may be wrong.
                InformerLog.WatchExpired(logger, Resource, resourceVersion, e.Message);
                listed = false;
                if (!e.IsExpired || hasExpired)
                {
                    await PauseAsync(cancellationToken).ConfigureAwait(false);
                }

                hasExpired = true;
            }
            catch (StatusException e) when (e.Code is 403 or 404 && options.UnreadableIsEmpty && !listed)
            {
                Refusal = e.Message;
                bool isNews = e.Code == 404 && IsServed;
                IsServed = e.Code != 404;
                synced.TrySetResult();
                TimeSpan wait = unreadable.Next();
                TellOnce(e.Message, wait, listed);
                if (isNews)
                {
                    Unserved?.Invoke();
                }

                await PauseUntilLookedAsync(wait, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
            {
                TimeSpan wait = backoff.Next();
                TellOnce(e.Message, wait, listed);
                await PauseAsync(wait, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private void TellOnce(string fault, TimeSpan wait, bool listed)
    {
        if (fault == said)
        {
            return;
        }

        said = fault;
        if (listed)
        {
            InformerLog.WatchBroke(logger, Resource, wait.TotalMilliseconds, fault);
        }
        else
        {
            InformerLog.ListFailed(logger, Resource, wait.TotalMilliseconds, fault);
        }
    }

    private async Task ListAsync(CancellationToken cancellationToken)
    {
        int history = options.History?.PutBacks ?? 0;
        KubeList list = await client.ListAsync(Resource, options.Namespace, new ListQuery
        {
            LabelSelector = options.LabelSelector,
            FieldSelector = options.FieldSelector,
            PageSize = options.PageSize,
        }, cancellationToken).ConfigureAwait(false);
        RuntimeMetrics.Restarts.Add(1, RuntimeMetrics.Tag("resource", Resource.ToString()));
        InformerLog.Listed(logger, Resource, list.Items.Count, list.ResourceVersion);
        Take(list, history);
        said = "";
        if (!hasExpired)
        {
            backoff.Reset();
        }
    }

    private async Task WatchAsync(CancellationToken cancellationToken)
    {
        long start = options.Time.GetTimestamp();
        bool any = false;
        var query = new WatchQuery
        {
            ResourceVersion = Planted.Fault == PlantedFault.InformerMissesDeletionsOnResume && said.Length > 0 ? null : resourceVersion,
            LabelSelector = options.LabelSelector,
            FieldSelector = options.FieldSelector,
            Timeout = options.WatchTimeout * (1 + random.NextDouble()),
        };
        using var past = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, options.History?.Present ?? CancellationToken.None);
        if (options.History is { } history && history.PutBacks != putBacks)
        {
            // Since the list, which may be of either history.
            await past.CancelAsync().ConfigureAwait(false);
        }

        await foreach (WatchEvent found in client.WatchAsync(Resource, options.Namespace, query, past.Token).ConfigureAwait(false))
        {
            any = true;
            said = "";
            hasExpired = false;
            backoff.Reset();
            Take(found);
        }

        if (!any && options.Time.GetElapsedTime(start) < ShortWatch)
        {
            await PauseAsync(cancellationToken).ConfigureAwait(false);
        }
        else
        {
            hasExpired = false;
        }
    }

    private Task PauseAsync(CancellationToken cancellationToken) => PauseAsync(backoff.Next(), cancellationToken);

    /// <summary>Pauses until the time is over or somebody says that it may be otherwise now.</summary>
    private async Task PauseUntilLookedAsync(TimeSpan wait, CancellationToken cancellationToken)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(PauseAsync(wait, over.Token), look.Task).ConfigureAwait(false);
        await over.CancelAsync().ConfigureAwait(false);
        if (look.Task.IsCompleted)
        {
            look = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    private async Task PauseAsync(TimeSpan wait, CancellationToken cancellationToken)
    {
        try
        {
            await Task.Delay(wait, options.Time, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The loop's own condition ends it.
        }
    }

    /// <summary>The server is busy or failing, or does not know us just now (a certificate to be replaced), and says nothing about our resourceVersion.</summary>
    private static bool IsPassing(StatusException e) => !e.IsExpired && (e.Code is 401 or 429 || (e.Code >= 500 && e.Reason != StatusReason.Timeout));
}
