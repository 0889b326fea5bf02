using Orrery.Machinery.Wire;
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

/// <summary>How a discovery document is encoded.</summary>
internal enum DiscoveryEncoding
{
    Json,
    Yaml,

    /// <summary>Kubernetes' binary encoding.</summary>
    Protobuf,
}

internal static class DiscoveryFormats
{
    /// <summary>An aggregated document where any clause asks for one, whatever else is preferred (apiserver <c>discovery/aggregated/wrapper.go</c>).</summary>
    /// <exception cref="Api.StatusException">406: none of what the client accepts can be made.</exception>
    public static (DiscoveryFormat Format, DiscoveryEncoding Encoding) Negotiate(string? accept)
    {
        IReadOnlyList<MediaType> clauses = MediaType.ParseAccept(accept);
        foreach (MediaType clause in clauses)
        {
            if (Encoding(clause) is { } encoding
                && clause.Parameter("as") == "APIGroupDiscoveryList" && clause.Parameter("g") == "apidiscovery.k8s.io" && clause.Parameter("v") is "v2" or "v2beta1")
            {
                return (clause.Parameter("v") == "v2" ? DiscoveryFormat.AggregatedV2 : DiscoveryFormat.AggregatedV2Beta1, encoding);
            }
        }

        return (DiscoveryFormat.Legacy, NegotiateLegacy(clauses));
    }

    /// <exception cref="Api.StatusException">406.</exception>
    public static DiscoveryEncoding NegotiateLegacy(string? accept) => NegotiateLegacy(MediaType.ParseAccept(accept));

    public static string ContentType(this DiscoveryFormat format, DiscoveryEncoding encoding)
    {
        string type = encoding switch
        {
            DiscoveryEncoding.Yaml => "application/yaml",
            DiscoveryEncoding.Protobuf => KubernetesProtobuf.MediaType,
            _ => "application/json",
        };
        return format switch
        {
            DiscoveryFormat.AggregatedV2 => type + ";g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
            DiscoveryFormat.AggregatedV2Beta1 => type + ";g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList",
            _ => type,
        };
    }

    private static DiscoveryEncoding NegotiateLegacy(IReadOnlyList<MediaType> clauses)
    {
        foreach (MediaType clause in clauses)
        {
            if (Encoding(clause) is { } encoding && !Negotiation.IsTransform(clause))
            {
                return encoding;
            }
        }

        throw Negotiation.NotRepresented();
    }

    private static DiscoveryEncoding? Encoding(MediaType clause) =>
        clause.Accepts("application", "json") ? DiscoveryEncoding.Json
        : Negotiation.IsYaml(clause) ? DiscoveryEncoding.Yaml
        : Negotiation.IsProtobuf(clause) ? DiscoveryEncoding.Protobuf
        : null;
}
