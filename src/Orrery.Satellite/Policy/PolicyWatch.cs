using Microsoft.Extensions.Logging;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Satellite.Policy;

/// <summary>Follows the policy that the cluster's owner wrote. Until it is known, nothing is to be done.</summary>
internal sealed class PolicyWatch
{
    /// <summary>The ConfigMap's name.</summary>
    public const string Name = "satellite-policy";

    private readonly Informer informer;
    private volatile SatellitePolicy current = SatellitePolicy.Closed("it is not known yet");

    public PolicyWatch(KubeClient cluster, SatelliteOptions options, ServerHistory history)
    {
        ILogger logger = options.Loggers.CreateLogger("Orrery.Satellite.Policy");
        informer = new Informer(cluster, ClusterResources.ConfigMaps, new InformerOptions
        {
            Namespace = JoinNames.SystemNamespace,
            FieldSelector = "metadata.name=" + Name,
            Transform = InformerOptions.WithoutManagedFields,
            History = history,
            Time = options.Time,
            Seed = options.Seed,
            Loggers = options.Loggers,
        });
        informer.Subscribe(change =>
        {
            Set(change.IsDeleted ? null : change.Latest);
            Log.PolicyChanged(logger, Current.Summary.Length > 0 ? Current.Summary : "nothing is held back");
            Changed?.Invoke();
        });
    }

    public SatellitePolicy Current => current;

    /// <summary>The policy is another now.</summary>
    public event Action? Changed;

    /// <summary>Ends once the policy is known.</summary>
    public Task Known => informer.HasSynced;

    /// <summary>Ends once the policy is as asked.</summary>
    public async Task UntilAsync(Predicate<SatellitePolicy> wanted, CancellationToken cancellationToken)
    {
        var met = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        void Look()
        {
            if (wanted(Current))
            {
                met.TrySetResult();
            }
        }

        Changed += Look;
        try
        {
            Look();
            await met.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            Changed -= Look;
        }
    }

    /// <summary>Does something for as long as the policy lets it: what was begun before its owner forbade it is ended as soon as they do.</summary>
    /// <param name="denies">Why it may not be done by a policy; null when it may.</param>
    /// <param name="refusal">What is thrown where it may not, made of the reason.</param>
    public async Task WhileAllowedAsync(Func<SatellitePolicy, string?> denies, Func<string, StatusException> refusal, Func<CancellationToken, Task> act, CancellationToken cancellationToken)
    {
        if (denies(Current) is { } denial)
        {
            throw refusal(denial);
        }

        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task denied = UntilAsync(p => denies(p) is not null, over.Token);
        Task acting = act(over.Token);
        bool isCut = await Task.WhenAny(acting, denied).ConfigureAwait(false) == denied && denied.IsCompletedSuccessfully;
        await over.CancelAsync().ConfigureAwait(false);
        try
        {
            await acting.ConfigureAwait(false);
        }
        catch (Exception e) when (isCut && e is OperationCanceledException or IOException or HttpRequestException)
        {
            // However what was under way ended: it was cut.
        }

        if (isCut)
        {
            throw refusal(denies(Current) ?? "it was not allowed for a moment");
        }
    }

    public Task RunAsync(CancellationToken cancellationToken) => Task.WhenAll(informer.RunAsync(cancellationToken), BeginAsync(cancellationToken));

    /// <summary>That there is none is known once it was looked for.</summary>
    private async Task BeginAsync(CancellationToken cancellationToken)
    {
        await informer.HasSynced.WaitAsync(cancellationToken).ConfigureAwait(false);
        Set(informer.Get(ClusterName.Root, JoinNames.SystemNamespace, Name));
        Changed?.Invoke();
    }

    private void Set(KubeObject? configMap) => current = SatellitePolicy.Of(configMap);
}
