using System.Net;
using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Machinery.Kinds.Networking;

/// <summary>Ranges of which addresses of Services are taken. Upstream: <c>pkg/apis/networking/validation</c>.</summary>
internal sealed class ServiceCidrRule : KindRule
{
    private const string At = "spec.cidrs";

    public override bool HasStatus => true;

    public override void Validate(JsonObject o, Faults faults)
    {
        string[] cidrs = [.. o.ObjectAt("spec").Texts("cidrs")];
        switch (cidrs.Length)
        {
            case 0:
                faults.Required(At, "at least one CIDR required");
                return;
            case > 2:
                faults.Invalid(At, Shown(cidrs), "may only hold up to 2 values");
                return;
            case 2 when !cidrs.All(Addresses.IsCidr) || Addresses.IsIpV6(cidrs[0].Split('/')[0]) == Addresses.IsIpV6(cidrs[1].Split('/')[0]):
                faults.Invalid(At, Shown(cidrs), "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64");
                return;
        }

        for (int i = 0; i < cidrs.Length; i++)
        {
            Addresses.ValidateNetwork($"{At}[{i}]", cidrs[i], faults);
        }
    }

    /// <summary>A range stays; one of the other family may join it.</summary>
    public override void ValidateUpdate(JsonObject o, JsonObject old, Faults faults)
    {
        Validate(o, faults);
        string[] cidrs = [.. o.ObjectAt("spec").Texts("cidrs")], before = [.. old.ObjectAt("spec").Texts("cidrs")];
        if (cidrs.Length != before.Length && (before.Length, cidrs.Length) != (1, 2))
        {
            faults.Invalid(At, new JsonArray([.. cidrs.Select(c => (JsonNode)c)]), Faults.Immutable);
            return;
        }

        for (int i = 0; i < before.Length; i++)
        {
            if (cidrs[i] != before[i])
            {
                faults.Invalid($"{At}[{i}]", cidrs[0], Faults.Immutable);
            }
        }
    }

    /// <summary>The spec in the form that upstream shows.</summary>
    private static JsonObject Shown(string[] cidrs) => new() { ["CIDRs"] = new JsonArray([.. cidrs.Select(c => (JsonNode)c)]) };
}

/// <summary>An address that is taken, under its own name. Upstream: <c>pkg/apis/networking/validation</c>.</summary>
internal sealed class IpAddressRule : KindRule
{
    private const string At = "spec.parentRef";

    public override IReadOnlyList<string> CheckName(string name) =>
        !Addresses.IsIp(name) ? [$"ParseAddr(\"{name}\"): unable to parse IP"]
        : IPAddress.Parse(name).ToString() != name ? ["must be a canonical format IP address"]
        : [];

    public override void Validate(JsonObject o, Faults faults)
    {
        if (o.ObjectAt("spec").Child("parentRef") is not { } parent)
        {
            faults.Required(At);
            return;
        }

        if (parent.Text("group") is { Length: > 0 } group)
        {
            faults.All(At + ".group", group, Names.CheckDns1123Subdomain(group));
        }

        foreach (string member in (string[])["resource", "name"])
        {
            if (parent.Text(member).Length == 0)
            {
                faults.Required($"{At}.{member}");
            }

            faults.All($"{At}.{member}", parent.Text(member), Names.CheckPathSegment(parent.Text(member)));
        }

        faults.All(At + ".namespace", parent.Text("namespace"), Names.CheckPathSegment(parent.Text("namespace")));
    }

    public override void ValidateUpdate(JsonObject o, JsonObject old, Faults faults)
    {
        Validate(o, faults);
        faults.MayNotChange(At, o.Child("spec")?["parentRef"], old.Child("spec")?["parentRef"]);
    }
}
