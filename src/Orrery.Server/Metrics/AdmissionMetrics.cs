using System.Collections.Concurrent;
using Orrery.Server.Admission;

namespace Orrery.Server.Metrics;

/// <summary>How long admission took and how it ended, over all clusters together, with buckets as upstream's (apiserver <c>pkg/admission/metrics/metrics.go</c>).</summary>
internal sealed class AdmissionMetrics
{
    internal static readonly string[] OperationNames = ["CREATE", "UPDATE", "DELETE", "CONNECT"];

    private static readonly double[] Bounds = [0.005, 0.025, 0.1, 0.5, 1, 2.5];

    private readonly StepSeries mutating = new();
    private readonly StepSeries validating = new();
    private readonly ConcurrentDictionary<(string Name, bool IsMutating), StepSeries> plugins = new();
    private readonly Histogram[] conversions = [new Histogram(), new Histogram()];

    public WebhookMetrics Webhooks { get; } = new();

    /// <summary>One phase of one write.</summary>
    public void Step(bool isMutating, AdmissionOperation operation, bool isRejected, TimeSpan took) => (isMutating ? mutating : validating).Record(operation, isRejected, took);

    /// <summary>What a plugin does in one phase.</summary>
    public StepSeries Plugin(string name, bool isMutating) => plugins.GetOrAdd((name, isMutating), static _ => new StepSeries());

    /// <summary>One call of one conversion webhook.</summary>
    public void Conversion(bool succeeded, TimeSpan took) => conversions[succeeded ? 0 : 1].Record(took);

    public void Write(PrometheusText text)
    {
        text.Family("apiserver_admission_step_admission_duration_seconds", "histogram", "Time in the mutating (admit) or validating (validate) phase of admission.");
        mutating.Write(text, "apiserver_admission_step_admission_duration_seconds", "admit", null);
        validating.Write(text, "apiserver_admission_step_admission_duration_seconds", "validate", null);

        text.Family("apiserver_admission_controller_admission_duration_seconds", "histogram", "Of that, the time of each admission plugin.");
        foreach (((string name, bool isMutating), StepSeries series) in plugins.OrderBy(p => p.Key.Name, StringComparer.Ordinal).ThenBy(p => p.Key.IsMutating))
        {
            series.Write(text, "apiserver_admission_controller_admission_duration_seconds", isMutating ? "admit" : "validate", name);
        }

        Webhooks.Write(text);
        text.Family("apiserver_crd_conversion_webhook_duration_seconds", "histogram", "Time of calls of conversion webhooks, those of all clusters together.");
        for (int i = 0; i < conversions.Length; i++)
        {
            if (conversions[i].Count > 0)
            {
                text.Histogram("apiserver_crd_conversion_webhook_duration_seconds", conversions[i], ("succeeded", i == 0 ? "true" : "false"));
            }
        }
    }

    /// <summary>By operation and by whether it refused. What never happened has no histogram.</summary>
    internal sealed class StepSeries
    {
        private readonly Histogram?[] series = new Histogram?[OperationNames.Length * 2];

        public void Record(AdmissionOperation operation, bool isRejected, TimeSpan took)
        {
            ref Histogram? place = ref series[((int)operation * 2) + (isRejected ? 1 : 0)];
            (Volatile.Read(ref place) ?? Make(ref place)).Record(took);
        }

        public void Write(PrometheusText text, string family, string type, string? plugin)
        {
            for (int i = 0; i < series.Length; i++)
            {
                if (Volatile.Read(ref series[i]) is not { } histogram)
                {
                    continue;
                }

                (string, string) operation = ("operation", OperationNames[i / 2]), rejected = ("rejected", i % 2 == 0 ? "false" : "true");
                if (plugin is null)
                {
                    text.Histogram(family, histogram, operation, rejected, ("type", type));
                }
                else
                {
                    text.Histogram(family, histogram, ("name", plugin), operation, rejected, ("type", type));
                }
            }
        }

        private static Histogram Make(ref Histogram? place)
        {
            var made = new Histogram(Bounds);
            return Interlocked.CompareExchange(ref place, made, null) ?? made;
        }
    }
}
