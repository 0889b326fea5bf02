using Orrery.Api;
using Orrery.Client;
using Orrery.Server.Authentication;
using Orrery.Server.Security;

namespace Orrery.Installation;

/// <summary>Who may reach what in an installation, as kubeconfigs made from its certificate authorities.</summary>
internal static class Credentials
{
    private const string Masters = UserGroups.Masters;

    /// <summary>How long a token printed by <c>orrery kubeconfig --token</c> is good.</summary>
    private static readonly TimeSpan TokenLifetime = TimeSpan.FromDays(30);

    /// <summary>How long the certificate of somebody who is no administrator is good: nothing takes it back.</summary>
    private static readonly TimeSpan PersonLifetime = TimeSpan.FromDays(30);

    /// <summary>Makes every key and kubeconfig of an installation that is missing or near its end. What exists stays.</summary>
    public static void Ensure(DataDirectory directory, Settings settings, TimeProvider time)
    {
        EnsureControlPlane(directory, settings, time);

        // Each simulated data plane is a cluster of its own, with an authority of its own.
        foreach (string dataPlane in settings.DataPlanes)
        {
            SimulatedPki(directory.DataPlaneFolder(dataPlane), dataPlane, settings.DataPlanePort(dataPlane), time);
        }
    }

    /// <summary>The control plane's own: its administrator and its controllers. Satellites join and get theirs there.</summary>
    public static void EnsureControlPlane(DataDirectory directory, Settings settings, TimeProvider time)
    {
        var pki = new PkiFolder(directory.PkiFolder, time);
        using Authorities authorities = pki.EnsureAuthorities("orrery");
        using (pki.EnsureServer(authorities.Serving))
        {
            _ = pki.EnsureTokenKey();
        }

        CertificateAuthority authority = authorities.Signing;
        Write(directory.AdminKubeconfig, "orrery", settings.Server, authorities, pki.EnsureClient(authority, "admin", "orrery-admin", Masters, ClusterScope.Root));
        Write(directory.ControllersKubeconfig, "orrery", settings.Server, authorities, pki.EnsureClient(authority, "controllers", "orrery:controllers", Masters, ClusterScope.All));
    }

    /// <summary>Keys and the administrator's kubeconfig of one simulated data plane.</summary>
    public static PkiFolder SimulatedPki(string folder, string name, int port, TimeProvider time)
    {
        DataDirectory.MakePrivate(folder);
        var pki = new PkiFolder(Path.Combine(folder, "pki"), time);
        using Authorities authorities = pki.EnsureAuthorities(name);
        using (pki.EnsureServer(authorities.Serving))
        {
            _ = pki.EnsureTokenKey();
        }

        Write(Path.Combine(folder, "kubeconfig"), name, new Uri($"https://127.0.0.1:{port}"), authorities, pki.EnsureClient(authorities.Signing, "admin", name + "-admin", Masters, ClusterScope.Root));
        return pki;
    }

    /// <summary>A kubeconfig for one cluster of the control plane, good for that cluster alone.</summary>
    /// <param name="server">Where that cluster is reached.</param>
    /// <param name="person">Who may do what roles say; null for the administrator.</param>
    public static string Kubeconfig(DataDirectory directory, Uri server, ClusterScope scope, ClientIdentity? person, bool token, TimeProvider time)
    {
        ClusterName cluster = scope.Cluster;
        var pki = new PkiFolder(directory.PkiFolder, time);
        using Authorities authorities = pki.EnsureAuthorities("orrery");
        CertificateAuthority authority = authorities.Signing;
        string name = cluster.IsRoot ? "orrery" : $"{cluster.Namespace}-{cluster.Name}";
        string user = person?.User ?? (cluster.IsRoot ? "orrery-admin" : $"{cluster.Namespace}:{cluster.Name}:admin");
        string[] groups = person is null ? [Masters] : [.. person.Groups];
        var entry = new KubeConfigEntry(name, server, authorities.TrustedPem);
        if (token)
        {
            using ServiceAccountKeys keys = ServiceAccountKeys.Load(pki.EnsureTokenKey());
            return KubeConfig.Render(entry with { Token = new AccessTokens(keys, time).IssueForUser(user, groups, scope, TokenLifetime) });
        }

        IssuedCertificate certificate = person is not null ? authority.IssueClient(user, groups, scope, PersonLifetime)
            : cluster.IsRoot ? pki.EnsureClient(authority, "admin", user, Masters, ClusterScope.Root)
            : authority.IssueClient(user, groups, scope, TimeSpan.FromDays(365));
        return KubeConfig.Render(entry with { ClientCertificatePem = certificate.CertificatePem, ClientKeyPem = certificate.KeyPem });
    }

    private static void Write(string path, string name, Uri server, Authorities authorities, IssuedCertificate certificate)
    {
        // Several processes of an installation may start at once: what stands there already is left alone.
        string text = KubeConfig.Render(new KubeConfigEntry(name, server, authorities.TrustedPem, certificate.CertificatePem, certificate.KeyPem));
        if (!File.Exists(path) || File.ReadAllText(path) != text)
        {
            PrivateFile.Write(path, text);
        }
    }
}
