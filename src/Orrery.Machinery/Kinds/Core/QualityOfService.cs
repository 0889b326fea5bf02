using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds.Core;

/// <summary>A pod's quality of service class, by what it asks for as a whole or, where it does not, its containers do (<c>pkg/apis/core/helper/qos</c>).</summary>
public static class QualityOfService
{
    public static string Of(JsonObject spec)
    {
        bool anything = false;
        bool guaranteed = true;
        foreach (JsonObject? resources in spec.Child("resources") is { } whole ? [whole] : spec.Items("containers").Concat(spec.Items("initContainers")).Select(c => c.Child("resources")))
        {
            Dictionary<string, Quantity> requests = ResourceAmounts.Read(resources?.Child("requests"));
            Dictionary<string, Quantity> limits = ResourceAmounts.Read(resources?.Child("limits"));
            foreach (string name in new[] { "cpu", "memory" })
            {
                bool requested = requests.TryGetValue(name, out Quantity request) && request.Sign > 0;
                bool limited = limits.TryGetValue(name, out Quantity limit) && limit.Sign > 0;
                anything |= requested || limited;
                guaranteed &= limited && (!requested || request == limit);
            }
        }

        return !anything ? "BestEffort" : guaranteed ? "Guaranteed" : "Burstable";
    }
}
