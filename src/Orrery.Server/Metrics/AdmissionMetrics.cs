using Orrery.Server.Admission;

namespace Orrery.Server.Metrics;

/// <summary>
/// How long admission took and how it ended, over all clusters together: by operation, not by the names of webhooks, which tenants make up. What nobody configured
/// is measured as one number a write.
/// </summary>
internal sealed class AdmissionMetrics
{
    private const int Operations = 4;

    private static readonly string[] OperationNames = ["CREATE", "UPDATE", "DELETE", "CONNECT"];
    private static readonly string[] CallNames = ["admitted", "refused", "failed", "failed_open"];

    private readonly Histogram[] steps = Make(2 * Operations * 2);
    private readonly Histogram[] calls = Make(2 * Operations * CallNames.Length);
    private readonly Histogram[] conversions = Make(2);

    /// <summary>One phase of one write.</summary>
    public void Step(bool isMutating, AdmissionOperation operation, bool isRejected, TimeSpan took) => steps[(((isMutating ? 0 : 1) * Operations) + (int)operation) * 2 + (isRejected ? 1 : 0)].Record(took);

    /// <summary>One call of one admission webhook.</summary>
    public void Call(bool isMutating, AdmissionOperation operation, WebhookEnd end, TimeSpan took) => calls[((((isMutating ? 0 : 1) * Operations) + (int)operation) * CallNames.Length) + (int)end].Record(took);

    /// <summary>One call of one conversion webhook.</summary>
    public void Conversion(bool succeeded, TimeSpan took) => conversions[succeeded ? 0 : 1].Record(took);

    public void Write(PrometheusText text)
    {
        text.Family("apiserver_admission_step_admission_duration_seconds", "histogram", "Time in the mutating (admit) or validating (validate) phase of admission.");
        for (int i = 0; i < steps.Length; i++)
        {
            Series(text, "apiserver_admission_step_admission_duration_seconds", steps[i], i / (2 * Operations) == 0 ? "admit" : "validate", OperationNames[i / 2 % Operations], ("rejected", i % 2 == 0 ? "false" : "true"));
        }

        text.Family("apiserver_admission_webhook_admission_duration_seconds", "histogram", "Time of calls of admission webhooks, those of all clusters together; failed_open is a failed call that was passed over.");
        for (int i = 0; i < calls.Length; i++)
        {
            Series(text, "apiserver_admission_webhook_admission_duration_seconds", calls[i], i / (CallNames.Length * Operations) == 0 ? "admit" : "validate", OperationNames[i / CallNames.Length % Operations], ("result", CallNames[i % CallNames.Length]));
        }

        text.Family("apiserver_crd_conversion_webhook_duration_seconds", "histogram", "Time of calls of conversion webhooks, those of all clusters together.");
        for (int i = 0; i < conversions.Length; i++)
        {
            if (conversions[i].Count > 0)
            {
                text.Histogram("apiserver_crd_conversion_webhook_duration_seconds", conversions[i], ("succeeded", i == 0 ? "true" : "false"));
            }
        }
    }

    private static void Series(PrometheusText text, string name, Histogram histogram, string type, string operation, (string Name, string Value) end)
    {
        if (histogram.Count > 0)
        {
            text.Histogram(name, histogram, ("operation", operation), end, ("type", type));
        }
    }

    private static Histogram[] Make(int count) => [.. Enumerable.Range(0, count).Select(_ => new Histogram())];
}

/// <summary>How the call of an admission webhook ended.</summary>
internal enum WebhookEnd
{
    Admitted,
    Refused,

    /// <summary>No answer, and with it the write was refused.</summary>
    Failed,

    /// <summary>No answer, and the write went on.</summary>
    FailedOpen,
}
