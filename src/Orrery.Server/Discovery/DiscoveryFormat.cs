using Orrery.Server.Requests;

namespace Orrery.Server.Discovery;

/// <summary>Which discovery document a client gets at <c>/api</c> and <c>/apis</c>.</summary>
internal enum DiscoveryFormat
{
    /// <summary>APIVersions or APIGroupList: groups only.</summary>
    Legacy,

    /// <summary>apidiscovery.k8s.io/v2: everything in one document.</summary>
    AggregatedV2,

    /// <summary>apidiscovery.k8s.io/v2beta1, the same with another version.</summary>
    AggregatedV2Beta1,
}

internal static class DiscoveryFormats
{
    public static DiscoveryFormat Negotiate(string? accept)
    {
        foreach (MediaType clause in MediaType.ParseAccept(accept))
        {
            if (!clause.Accepts("application", "json"))
            {
                continue;
            }

            string shape = clause.Parameter("as");
            if (shape.Length == 0)
            {
                return DiscoveryFormat.Legacy;
            }

            if (shape == "APIGroupDiscoveryList" && clause.Parameter("g") == "apidiscovery.k8s.io" && clause.Parameter("v") is "v2" or "v2beta1")
            {
                return clause.Parameter("v") == "v2" ? DiscoveryFormat.AggregatedV2 : DiscoveryFormat.AggregatedV2Beta1;
            }
        }

        throw Negotiation.NotRepresented();
    }

    public static string ContentType(this DiscoveryFormat format) => format switch
    {
        DiscoveryFormat.AggregatedV2 => "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
        DiscoveryFormat.AggregatedV2Beta1 => "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList",
        _ => "application/json",
    };
}
