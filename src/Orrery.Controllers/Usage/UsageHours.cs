using System.Globalization;
using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Controllers.Usage;

/// <summary>The hours of a TenantUsage.</summary>
internal static class UsageHours
{
    /// <summary>The entry of an hour, made where none is.</summary>
    /// <param name="spec">Of a TenantUsage; changed in place.</param>
    public static JsonObject Of(JsonObject spec, int hour)
    {
        if (spec["hours"] is not JsonArray hours)
        {
            spec["hours"] = hours = [];
        }

        JsonObject? entry = hours.OfType<JsonObject>().FirstOrDefault(h => h.NumberAt("hour") == hour);
        if (entry is null)
        {
            entry = new JsonObject { ["hour"] = hour, ["seconds"] = 0 };
            hours.Add((JsonNode)entry);
        }

        return entry;
    }

    /// <summary>Puts into each hour the sum of what the servers say that they took in it.</summary>
    /// <param name="spec">Of a TenantUsage; changed in place.</param>
    /// <returns>False: all are right already.</returns>
    public static bool SumRequests(JsonObject spec)
    {
        var sums = new SortedDictionary<int, long>();
        foreach (JsonObject server in (spec["requests"] as JsonObject ?? []).Select(s => s.Value).OfType<JsonObject>())
        {
            foreach (string key in server.Select(h => h.Key))
            {
                if (int.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out int hour) && hour < 24)
                {
                    sums[hour] = sums.GetValueOrDefault(hour) + (server.NumberAt(key) ?? 0);
                }
            }
        }

        bool changed = false;
        foreach ((int hour, long sum) in sums)
        {
            JsonObject entry = Of(spec, hour);
            changed |= entry.NumberAt("apiRequests") != sum;
            entry["apiRequests"] = sum;
        }

        return changed;
    }
}
