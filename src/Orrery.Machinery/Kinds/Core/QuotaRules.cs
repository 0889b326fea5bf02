using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds.Core;

internal sealed class ResourceQuotaRule : KindRule
{
    public override bool HasStatus => true;

    public override void Default(JsonObject o)
    {
        o.ObjectAt("spec");
        o.ObjectAt("status");
    }

    public override void Validate(JsonObject o, Faults faults)
    {
        JsonObject spec = o.ObjectAt("spec");
        ResourceAmounts.ValidateForQuota(spec.Child("hard"), "spec.hard", faults);
        QuotaScopeValidation.Validate(spec, faults);
    }

    public override void ValidateUpdate(JsonObject o, JsonObject old, Faults faults)
    {
        Validate(o, faults);

        // Scopes are a set and may not change; the selector of scopes may.
        JsonObject spec = o.ObjectAt("spec");
        if (!spec.Texts("scopes").ToHashSet(StringComparer.Ordinal).SetEquals(old.ObjectAt("spec").Texts("scopes")))
        {
            faults.Invalid("spec.scopes", spec["scopes"], Faults.Immutable);
        }
    }

    public override void ValidateStatusUpdate(JsonObject o, JsonObject old, Faults faults)
    {
        ResourceAmounts.ValidateForQuota(o.ObjectAt("status").Child("hard"), "status.hard", faults);
        ResourceAmounts.ValidateForQuota(o.ObjectAt("status").Child("used"), "status.used", faults);
    }
}

internal sealed class LimitRangeRule : KindRule
{
    public override bool CreatesOnUpdate => true;

    public override void Default(JsonObject o)
    {
        foreach (JsonObject limit in o.ObjectAt("spec").Items("limits").Where(l => l.Text("type") == "Container"))
        {
            // A limit follows the maximum; a request follows the limit, then the minimum.
            Inherit(limit, "default", "max");
            Inherit(limit, "defaultRequest", "default");
            Inherit(limit, "defaultRequest", "min");
        }
    }

    public override void Validate(JsonObject o, Faults faults)
    {
        var types = new HashSet<string>(StringComparer.Ordinal);
        int i = 0;
        foreach (JsonObject limit in o.ObjectAt("spec").Items("limits"))
        {
            string at = $"spec.limits[{i++}]";
            string type = limit.Text("type");
            IReadOnlyList<string> wrong = Names.CheckQualifiedName(type);
            faults.All(at + ".type", type, wrong);
            if (wrong.Count == 0 && type is not ("Pod" or "Container" or "PersistentVolumeClaim") && !type.Contains('/', StringComparison.Ordinal))
            {
                faults.Invalid(at + ".type", type, "must be a standard limit type or fully qualified");
            }

            if (!types.Add(type))
            {
                faults.Duplicate(at + ".type", type);
            }

            if (type == "Pod")
            {
                foreach (string member in new[] { "default", "defaultRequest" })
                {
                    if (limit.Count(member) > 0)
                    {
                        faults.Forbidden($"{at}.{member}", "may not be specified when `type` is 'Pod'");
                    }
                }
            }

            ValidateNames(limit, type, at, faults);
            ValidateOrder(limit, at, faults);
            ValidateRatios(limit, at, faults);
        }
    }

    private static void ValidateNames(JsonObject limit, string type, string path, Faults faults)
    {
        string[] members = type == "Pod" ? ["max", "min", "maxLimitRequestRatio"] : ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"];
        foreach (string member in members)
        {
            foreach (string name in limit.Child(member)?.Select(m => m.Key) ?? [])
            {
                string at = $"{path}.{member}[{name}]";
                if (type is "Pod" or "Container")
                {
                    ResourceAmounts.ValidateContainerName(name, at, faults);
                }
                else
                {
                    ResourceAmounts.ValidateName(name, at, faults);
                }
            }
        }

        if (type == "PersistentVolumeClaim" && limit.Child("min")?.Has("storage") != true && limit.Child("max")?.Has("storage") != true)
        {
            faults.Required(path + ".limits", "either minimum or maximum storage value is required, but neither was provided");
        }
    }

    private static void ValidateRatios(JsonObject limit, string path, Faults faults)
    {
        Dictionary<string, Quantity> normal = ResourceAmounts.Read(limit.Child("default")), request = ResourceAmounts.Read(limit.Child("defaultRequest"));
        Dictionary<string, Quantity> max = ResourceAmounts.Read(limit.Child("max")), min = ResourceAmounts.Read(limit.Child("min"));
        foreach ((string name, Quantity ratio) in ResourceAmounts.Read(limit.Child("maxLimitRequestRatio")))
        {
            string at = $"{path}.maxLimitRequestRatio[{name}]";
            if (ratio < Quantity.FromWhole(1))
            {
                faults.Invalid(at, ratio.ToString(), $"ratio {ratio} is less than 1");
            }

            if (max.TryGetValue(name, out Quantity most) && min.TryGetValue(name, out Quantity least) && least.Sign > 0)
            {
                double whole = (double)most.MilliValue / least.MilliValue;
                if (ratio.MilliValue / 1000.0 > whole)
                {
                    faults.Invalid(at, ratio.ToString(), string.Create(System.Globalization.CultureInfo.InvariantCulture, $"ratio {ratio} is greater than max/min = {whole:F6}"));
                }
            }
        }

        foreach (string name in normal.Keys.Where(n => !ResourceAmounts.MayOvercommit(n) && request.TryGetValue(n, out Quantity r) && r != normal[n]))
        {
            faults.Invalid($"{path}.defaultRequest[{name}]", request[name].ToString(), $"default value {normal[name]} must equal to defaultRequest value {request[name]} in {name}");
        }
    }

    private static void ValidateOrder(JsonObject limit, string path, Faults faults)
    {
        Dictionary<string, Quantity> max = ResourceAmounts.Read(limit.Child("max"));
        Dictionary<string, Quantity> min = ResourceAmounts.Read(limit.Child("min"));
        Dictionary<string, Quantity> normal = ResourceAmounts.Read(limit.Child("default"));
        Dictionary<string, Quantity> request = ResourceAmounts.Read(limit.Child("defaultRequest"));
        foreach (string name in max.Keys.Union(min.Keys).Union(normal.Keys).Union(request.Keys).Order(StringComparer.Ordinal))
        {
            NotAbove("min", min, "max", max, name, $"{path}.min[{name}]", faults);
            NotAbove("min", min, "default request", request, name, $"{path}.defaultRequest[{name}]", faults, showsUpper: true);
            NotAbove("default request", request, "max", max, name, $"{path}.defaultRequest[{name}]", faults);
            NotAbove("default request", request, "default limit", normal, name, $"{path}.defaultRequest[{name}]", faults);
            NotAbove("min", min, "default", normal, name, $"{path}.default[{name}]", faults);
            NotAbove("default", normal, "max", max, name, $"{path}.default[{name}]", faults, showsUpper: true);
        }
    }

    /// <param name="showsUpper">Which of the two upstream shows as the value at fault follows no rule.</param>
    private static void NotAbove(
        string lowName, Dictionary<string, Quantity> low, string highName, Dictionary<string, Quantity> high, string resource, string path, Faults faults, bool showsUpper = false)
    {
        if (low.TryGetValue(resource, out Quantity lower) && high.TryGetValue(resource, out Quantity upper) && lower > upper)
        {
            faults.Invalid(path, (showsUpper ? upper : lower).ToString(), $"{lowName} value {lower} is greater than {highName} value {upper}");
        }
    }

    private static void Inherit(JsonObject limit, string member, string from)
    {
        if (limit.Child(from) is not { Count: > 0 } source)
        {
            return;
        }

        JsonObject target = limit.ObjectAt(member);
        foreach ((string name, JsonNode? amount) in source)
        {
            target.Fill(name, amount!.DeepClone());
        }
    }
}
