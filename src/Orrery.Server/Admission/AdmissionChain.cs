using Orrery.Api;
using Orrery.Server.Clusters;
using Orrery.Server.Metrics;

namespace Orrery.Server.Admission;

/// <summary>
/// The admission stage. The mutating phase sees the object as it was decoded and defaulted; then its kind prepares and
/// validates it; the validating phase sees what is to be stored. Plugins are asked in order, the first refusal wins.
/// </summary>
internal sealed class AdmissionChain(IMutatingPlugin[] mutating, IValidatingPlugin[] validating, AdmissionMetrics metrics, TimeProvider time) : IClusterMemory
{
    private readonly AdmissionMetrics.StepSeries[] mutatingSeries = [.. mutating.Select(p => metrics.Plugin(p.Name, isMutating: true))];
    private readonly AdmissionMetrics.StepSeries[] validatingSeries = [.. validating.Select(p => metrics.Plugin(p.Name, isMutating: false))];

    /// <summary>The same chain without the plugins of these names.</summary>
    public AdmissionChain Without(IReadOnlySet<string> names) => names.Count == 0
        ? this
        : new AdmissionChain([.. mutating.Where(p => !names.Contains(p.Name))], [.. validating.Where(p => !names.Contains(p.Name))], metrics, time);

    /// <summary>The mutating phase. The object to go on with is <see cref="AdmissionRequest.Object"/>.</summary>
    /// <exception cref="StatusException">Refused.</exception>
    public async ValueTask MutateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        long began = time.GetTimestamp();
        bool isRejected = true;
        try
        {
            await MutateOnceAsync(request, cancellationToken);

            // Who was asked before a later plugin changed the object is asked once more, and not again after that.
            if (request.Reinvocation.IsWanted)
            {
                request.Reinvocation.Begin();
                await MutateOnceAsync(request, cancellationToken);
            }

            isRejected = false;
        }
        finally
        {
            metrics.Step(isMutating: true, request.Operation, isRejected, time.GetElapsedTime(began));
        }
    }

    /// <summary>The validating phase.</summary>
    /// <exception cref="StatusException">Refused.</exception>
    public async ValueTask ValidateAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        long began = time.GetTimestamp();
        bool isRejected = true;
        try
        {
            long reached = began;
            for (int i = 0; i < validating.Length; i++)
            {
                bool refuses = true;
                try
                {
                    await validating[i].ValidateAsync(request, cancellationToken);
                    refuses = false;
                }
                finally
                {
                    reached = Record(validatingSeries[i], request, refuses, reached);
                }
            }

            isRejected = false;
        }
        finally
        {
            metrics.Step(isMutating: false, request.Operation, isRejected, time.GetElapsedTime(began));
        }
    }

    /// <summary>Both phases, for what no kind validates between them: deletions, streams, and bodies that are answered and not stored.</summary>
    /// <exception cref="StatusException">Refused.</exception>
    public async ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        await MutateAsync(request, cancellationToken);
        await ValidateAsync(request, cancellationToken);
    }

    public void Forget(ClusterName cluster)
    {
        foreach (IClusterMemory plugin in mutating.OfType<IClusterMemory>().Concat(validating.OfType<IClusterMemory>()))
        {
            plugin.Forget(cluster);
        }
    }

    private async ValueTask MutateOnceAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        long reached = time.GetTimestamp();
        for (int i = 0; i < mutating.Length; i++)
        {
            bool refuses = true;
            try
            {
                await mutating[i].MutateAsync(request, cancellationToken);
                refuses = false;
            }
            finally
            {
                reached = Record(mutatingSeries[i], request, refuses, reached);
            }
        }
    }

    /// <summary>One look at the clock for each plugin: where one ends the next begins.</summary>
    private long Record(AdmissionMetrics.StepSeries series, AdmissionRequest request, bool refuses, long began)
    {
        long now = time.GetTimestamp();
        series.Record(request.Operation, refuses, time.GetElapsedTime(began, now));
        return now;
    }
}
