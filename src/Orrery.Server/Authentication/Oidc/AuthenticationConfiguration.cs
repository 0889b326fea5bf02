using Orrery.Api;
using Orrery.Server.Configuration;

namespace Orrery.Server.Authentication.Oidc;

/// <summary>
/// Whose tokens are accepted, and who needs none: Kubernetes' AuthenticationConfiguration (<c>apiserver.config.k8s.io</c>, v1 and its
/// betas). Rules of apiserver <c>pkg/apis/apiserver/validation</c>.
/// </summary>
public sealed class AuthenticationConfiguration
{
    private const int MostProviders = 64;

    private AuthenticationConfiguration(IReadOnlyList<TokenProvider> providers, AnonymousRule? anonymous)
    {
        Providers = providers;
        Anonymous = anonymous;
    }

    internal IReadOnlyList<TokenProvider> Providers { get; }

    /// <summary>Null where it does not say.</summary>
    internal AnonymousRule? Anonymous { get; }

    /// <summary>For whoever wants to know, before a server is started with it, whether a text makes sense.</summary>
    /// <param name="yaml">YAML or JSON.</param>
    /// <exception cref="FormatException">Names the field and what it may be.</exception>
    public static AuthenticationConfiguration Parse(string yaml) => Parse(yaml, TokenIssuers.Default);

    /// <summary>As the other, for a server whose own tokens have these names.</summary>
    /// <param name="yaml">YAML or JSON.</param>
    /// <exception cref="FormatException">Names the field and what it may be.</exception>
    public static AuthenticationConfiguration Parse(string yaml, TokenIssuers own) => Parse(yaml, issuer => own.Accepts(issuer, ClusterName.Root));

    /// <param name="yaml">YAML or JSON.</param>
    /// <param name="isOwnIssuer">Tells names that the server's own tokens carry, which no provider may have.</param>
    /// <exception cref="FormatException">Names the field and what it may be.</exception>
    internal static AuthenticationConfiguration Parse(string yaml, Func<string, bool> isOwnIssuer)
    {
        var fields = ConfigurationFields.Parse(yaml, "apiserver.config.k8s.io", "AuthenticationConfiguration", "v1", "v1beta1", "v1alpha1");
        fields.RequireOnly("apiVersion", "kind", "jwt", "anonymous");
        IReadOnlyList<ConfigurationFields> entries = fields.List("jwt");
        if (entries.Count > MostProviders)
        {
            throw new FormatException($"jwt: Too many: {entries.Count}: must have at most {MostProviders} items");
        }

        TokenProvider[] providers = [.. entries.Select(ProviderReader.Read)];
        for (int i = 0; i < providers.Length; i++)
        {
            string issuer = providers[i].Issuer;
            if (isOwnIssuer(issuer))
            {
                throw new FormatException($"jwt[{i}].issuer.url: Invalid value: \"{issuer}\": URL must not overlap with disallowed issuers");
            }

            if (providers.Take(i).Any(before => before.Issuer == issuer))
            {
                throw new FormatException($"jwt[{i}].issuer.url: Duplicate value: \"{issuer}\"");
            }

            if (providers[i].DiscoveryUrl is { } discovery && providers.Take(i).Any(before => before.DiscoveryUrl == discovery))
            {
                throw new FormatException($"jwt[{i}].issuer.discoveryURL: Duplicate value: \"{discovery}\"");
            }
        }

        return new AuthenticationConfiguration(providers, fields.Child("anonymous") is { } anonymous ? ReadAnonymous(anonymous) : null);
    }

    private static AnonymousRule ReadAnonymous(ConfigurationFields fields)
    {
        fields.RequireOnly("enabled", "conditions");
        bool isEnabled = fields.Flag("enabled") ?? false;
        IReadOnlyList<ConfigurationFields> conditions = fields.List("conditions");
        if (!isEnabled && conditions.Count > 0)
        {
            throw new FormatException("anonymous.conditions: Invalid value: enabled should be set to true when conditions are defined");
        }

        return new AnonymousRule(isEnabled, conditions.Count == 0 ? null : conditions.Select(condition =>
        {
            condition.RequireOnly("path");
            return condition.Required("path");
        }).ToHashSet(StringComparer.Ordinal));
    }
}

/// <summary>Whether requests without a credential are let in.</summary>
/// <param name="Paths">Only these; null: all.</param>
internal sealed record AnonymousRule(bool IsEnabled, IReadOnlySet<string>? Paths = null)
{
    public bool Admits(string path) => IsEnabled && (Paths is null || Paths.Contains(path));
}
