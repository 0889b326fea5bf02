using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace Orrery.Telemetry;

/// <summary>Collects the meters of Orrery from its making on, and writes them in the Prometheus text format when asked.</summary>
internal sealed class PrometheusText : IDisposable
{
    /// <summary>Every meter of ours begins so.</summary>
    public const string MeterPrefix = "Orrery.";

    /// <summary>Upper bounds of durations, in seconds, where an instrument names none itself.</summary>
    private static readonly double[] DefaultBounds = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

    private readonly MeterListener listener = new();
    private readonly ConcurrentDictionary<(Instrument Instrument, string Labels), Series> series = new();
    private readonly Lock gate = new();

    /// <summary>Labels that were written before, by the names and values of up to three: measurements come by the thousand and say the same few things. Not those of gauges, which tell of objects that come and go.</summary>
    private readonly ConcurrentDictionary<(string Name, string Value, string Second, string SecondValue, string Third, string ThirdValue), string> written = new();

    public PrometheusText()
    {
        listener.InstrumentPublished = (instrument, mine) =>
        {
            if (instrument.Meter.Name.StartsWith(MeterPrefix, StringComparison.Ordinal))
            {
                mine.EnableMeasurementEvents(instrument);
            }
        };
        listener.MeasurementsCompleted = (instrument, state) =>
        {
            foreach ((Instrument Instrument, string) key in series.Keys.Where(k => k.Instrument == instrument))
            {
                series.TryRemove(key, out Series? _);
            }
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Record(instrument, value, tags));
        listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Record(instrument, value, tags));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Record(instrument, value, tags));
        listener.Start();
    }

    public string Write()
    {
        lock (gate)
        {
            // 1. A gauge tells of what there is now: what it does not tell of any more has gone.
            foreach ((Instrument Instrument, string) key in series.Keys.Where(k => k.Instrument.IsObservable))
            {
                series.TryRemove(key, out _);
            }

            listener.RecordObservableInstruments();

            // 2. A family an instrument.
            var text = new StringBuilder();
            foreach (IGrouping<string, KeyValuePair<(Instrument Instrument, string Labels), Series>> family in series.GroupBy(s => s.Key.Instrument.Name).OrderBy(f => f.Key, StringComparer.Ordinal))
            {
                Instrument instrument = family.First().Key.Instrument;
                bool histogram = instrument is Histogram<double>;
                text.Append(CultureInfo.InvariantCulture, $"# HELP {family.Key} {instrument.Description}\n# TYPE {family.Key} {(histogram ? "histogram" : instrument.IsObservable ? "gauge" : "counter")}\n");
                foreach (((_, string labels), Series one) in family.OrderBy(s => s.Key.Labels, StringComparer.Ordinal))
                {
                    one.Write(text, family.Key, labels, histogram);
                }
            }

            return text.ToString();
        }
    }

    public void Dispose() => listener.Dispose();

    private void Record(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        Series one = series.GetOrAdd(
            (instrument, instrument.IsObservable ? Write(tags) : Labels(tags)), static key => new Series([.. (key.Instrument as Histogram<double>)?.Advice?.HistogramBucketBoundaries ?? DefaultBounds]));
        if (instrument.IsObservable)
        {
            one.Set(value);
        }
        else
        {
            one.Add(value);
        }
    }

    private string Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        (string, string, string, string, string, string) known;
        switch (tags)
        {
            case []:
                return "";
            case [{ Value: string value } one]:
                known = (one.Key, value, "", "", "", "");
                break;
            case [{ Value: string value } one, { Value: string otherValue } other]:
                known = (one.Key, value, other.Key, otherValue, "", "");
                break;
            case [{ Value: string value } one, { Value: string otherValue } other, { Value: string thirdValue } third]:
                known = (one.Key, value, other.Key, otherValue, third.Key, thirdValue);
                break;
            default:
                return Write(tags);
        }

        return written.TryGetValue(known, out string? text) ? text : written[known] = Write(tags);
    }

    private static string Write(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var text = new StringBuilder();
        foreach ((string name, object? value) in tags)
        {
            string escaped = (value?.ToString() ?? "").Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
            text.Append(CultureInfo.InvariantCulture, $"{(text.Length > 0 ? "," : "")}{name}=\"{escaped}\"");
        }

        return text.ToString();
    }

    private sealed class Series(double[] bounds)
    {
        private readonly Lock own = new();
        private readonly long[] buckets = new long[bounds.Length + 1];
        private double sum;

        public void Set(double value)
        {
            lock (own)
            {
                sum = value;
            }
        }

        public void Add(double value)
        {
            lock (own)
            {
                sum += value;
                int at = 0;
                while (at < bounds.Length && value > bounds[at])
                {
                    at++;
                }

                buckets[at]++;
            }
        }

        public void Write(StringBuilder text, string name, string labels, bool histogram)
        {
            lock (own)
            {
                string braces = labels.Length > 0 ? $"{{{labels}}}" : "";
                if (!histogram)
                {
                    text.Append(CultureInfo.InvariantCulture, $"{name}{braces} {sum}\n");
                    return;
                }

                string before = labels.Length > 0 ? labels + "," : "";
                long count = 0;
                for (int i = 0; i <= bounds.Length; i++)
                {
                    count += buckets[i];
                    text.Append(CultureInfo.InvariantCulture, $"{name}_bucket{{{before}le=\"{(i < bounds.Length ? bounds[i].ToString("R", CultureInfo.InvariantCulture).ToLowerInvariant() : "+Inf")}\"}} {count}\n");
                }

                text.Append(CultureInfo.InvariantCulture, $"{name}_sum{braces} {sum}\n{name}_count{braces} {count}\n");
            }
        }
    }
}
