using System.Collections.Concurrent;
using Orrery.Server.Admission;

namespace Orrery.Server.Metrics;

/// <summary>
/// Calls of admission webhooks, those of root by name. Those of virtual clusters are told of together, as <c>others</c>, which no webhook can be called, and so are those of
/// root beyond the first two hundred names. Upstream: apiserver <c>pkg/admission/metrics/metrics.go</c>.
/// </summary>
internal sealed class WebhookMetrics
{
    private const int MostNames = 200;
    private const string Others = "others";

    /// <summary>Codes beyond it are one, as upstream's.</summary>
    private const int HighestCode = 600;

    private static readonly double[] Bounds = [0.005, 0.025, 0.1, 0.5, 1, 2.5, 10, 25];

    private readonly ConcurrentDictionary<string, string> names = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<WebhookKey, Histogram> calls = new();

    /// <param name="name">Of a webhook of root; null for others.</param>
    /// <param name="code">That the request was answered with on its account; 200 for one that went on.</param>
    public void End(string? name, bool isMutating, AdmissionOperation operation, WebhookEnd end, int code, TimeSpan took)
    {
        string known = name is null ? Others : names.TryGetValue(name, out string? found) ? found : names.Count < MostNames ? names.GetOrAdd(name, name) : Others;
        calls.GetOrAdd(new WebhookKey(known, isMutating, operation, end, Math.Min(code, HighestCode)), static _ => new Histogram(Bounds)).Record(took);
    }

    public void Write(PrometheusText text)
    {
        KeyValuePair<WebhookKey, Histogram>[] all =
            [.. calls.OrderBy(c => c.Key.Name, StringComparer.Ordinal).ThenBy(c => c.Key.IsMutating).ThenBy(c => c.Key.Operation).ThenBy(c => c.Key.End).ThenBy(c => c.Key.Code)];
        text.Family("apiserver_admission_webhook_admission_duration_seconds", "histogram", "Time of calls of admission webhooks, those of virtual clusters together.");
        foreach (var group in all.GroupBy(c => (c.Key.Name, c.Key.Type, c.Key.Verb, c.Key.Rejected)))
        {
            text.Histogram(
                "apiserver_admission_webhook_admission_duration_seconds", Histogram.Sum([.. group.Select(c => c.Value)]),
                ("name", group.Key.Name), ("operation", group.Key.Verb), ("rejected", group.Key.Rejected), ("type", group.Key.Type));
        }

        text.Family("apiserver_admission_webhook_request_total", "counter", "The same calls by the code of their answer.");
        foreach (var group in all.GroupBy(c => (c.Key.Name, c.Key.Type, c.Key.Verb, c.Key.Rejected, c.Key.Code)))
        {
            text.Sample(
                "apiserver_admission_webhook_request_total", group.Sum(c => c.Value.Count),
                ("code", Number(group.Key.Code)), ("name", group.Key.Name), ("operation", group.Key.Verb), ("rejected", group.Key.Rejected), ("type", group.Key.Type));
        }

        Rejections(text, [.. all.Where(c => c.Key.Rejected == "true")]);
        KeyValuePair<WebhookKey, Histogram>[] open = [.. all.Where(c => c.Key.End == WebhookEnd.FailedOpen)];
        if (open.Length > 0)
        {
            text.Family("apiserver_admission_webhook_fail_open_count", "counter", "Calls that failed and were passed over.");
            foreach (var group in open.GroupBy(c => (c.Key.Name, c.Key.Type)))
            {
                text.Sample("apiserver_admission_webhook_fail_open_count", group.Sum(c => c.Value.Count), ("name", group.Key.Name), ("type", group.Key.Type));
            }
        }
    }

    private static void Rejections(PrometheusText text, KeyValuePair<WebhookKey, Histogram>[] rejected)
    {
        if (rejected.Length == 0)
        {
            return;
        }

        text.Family("apiserver_admission_webhook_rejection_count", "counter", "Requests that were refused on account of a webhook, and whether it said so (no_error).");
        foreach ((WebhookKey key, Histogram calls) in rejected)
        {
            text.Sample(
                "apiserver_admission_webhook_rejection_count", calls.Count,
                ("error_type", key.End switch { WebhookEnd.Refused => "no_error", WebhookEnd.Failed => "calling_webhook_error", _ => "apiserver_internal_error" }),
                ("name", key.Name), ("operation", key.Verb), ("rejection_code", Number(key.Code)), ("type", key.Type));
        }
    }

    private static string Number(int code) => code.ToString(System.Globalization.CultureInfo.InvariantCulture);

    private readonly record struct WebhookKey(string Name, bool IsMutating, AdmissionOperation Operation, WebhookEnd End, int Code)
    {
        public string Type => IsMutating ? "admit" : "validating";

        public string Verb => AdmissionMetrics.OperationNames[(int)Operation];

        public string Rejected => End is WebhookEnd.Admitted or WebhookEnd.FailedOpen ? "false" : "true";
    }
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

    /// <summary>It may not be asked about a dry run.</summary>
    NotAsked,
}
