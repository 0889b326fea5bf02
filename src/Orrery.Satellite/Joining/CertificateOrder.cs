using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;

namespace Orrery.Satellite.Joining;

/// <summary>Asks the control plane for a certificate for one key, and waits until it is there. The key stays here.</summary>
internal sealed class CertificateOrder(string dataPlane, string clusterUid, ECDsa key, TimeSpan lifetime)
{
    private static readonly GroupVersionResource Requests = new("certificates.k8s.io", "v1", "certificatesigningrequests");

    /// <summary>Made from the key, so that asking again finds what was asked before, and nobody else can guess it.</summary>
    public string Name { get; } = $"satellite-{dataPlane}-{Convert.ToHexStringLower(SHA256.HashData(key.ExportSubjectPublicKeyInfo()).AsSpan(0, 16))}";

    /// <summary>Whether the request, when it was last looked at, was one that was sent by a former key, which an operator must approve, and that was not answered yet.</summary>
    public bool WaitsForOperator { get; private set; }

    /// <summary>Sends the request unless it is there already, and looks once whether it is answered.</summary>
    /// <param name="controlPlane">With whatever credential there is.</param>
    /// <returns>PEM; null while it waits.</returns>
    /// <exception cref="JoinRefusedException">It is refused for good.</exception>
    public async Task<string?> LookAsync(KubeClient controlPlane, CancellationToken cancellationToken)
    {
        KubeObject? request = await controlPlane.FindAsync(Requests, "", Name, cancellationToken).ConfigureAwait(false)
            ?? await SendAsync(controlPlane, cancellationToken).ConfigureAwait(false);
        if (request is null)
        {
            return null;
        }

        foreach (string refusal in (ReadOnlySpan<string>)["Denied", "Failed"])
        {
            if (Conditions.Find(request, refusal) is { Status: Conditions.True } refused)
            {
                throw new JoinRefusedException(refused.Reason, refused.Message);
            }
        }

        if (request.TextAt("status", "certificate") is not { Length: > 0 } certificate)
        {
            WaitsForOperator = Conditions.Find(request, "Approved") is null && request.TextAt("spec", "username")?.StartsWith(JoinNames.ExpiredUserPrefix, StringComparison.Ordinal) == true;
            return null;
        }

        string pem = Encoding.UTF8.GetString(Convert.FromBase64String(certificate));
        using X509Certificate2 issued = X509Certificate2.CreateFromPem(pem);
        return issued.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(key.ExportSubjectPublicKeyInfo())
            ? pem
            : throw new JoinRefusedException("WrongKey", "the certificate that came is for another key");
    }

    private async Task<KubeObject?> SendAsync(KubeClient controlPlane, CancellationToken cancellationToken)
    {
        // Which one of its name the data plane is: the certificate is good for no other.
        KubeObject asked = await controlPlane.GetAsync(OrreryResources.DataPlanes, "", dataPlane, cancellationToken).ConfigureAwait(false);
        var subject = new X500DistinguishedNameBuilder();
        subject.AddOrganizationName(OrreryNames.SatelliteGroup);
        subject.AddCommonName(SatelliteUserName.Of(asked).ToString());
        string pem = new CertificateRequest(subject.Build(), key, HashAlgorithmName.SHA256).CreateSigningRequestPem();
        var body = new JsonObject
        {
            ["apiVersion"] = "certificates.k8s.io/v1",
            ["kind"] = "CertificateSigningRequest",
            ["metadata"] = new JsonObject
            {
                ["name"] = Name,
                ["labels"] = new JsonObject { [OrreryNames.DataPlaneLabel] = dataPlane },
                ["annotations"] = new JsonObject { [JoinNames.ClusterUidAnnotation] = clusterUid },
            },
            ["spec"] = new JsonObject
            {
                ["request"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(pem)),
                ["signerName"] = JoinNames.Signer,
                ["expirationSeconds"] = (int)lifetime.TotalSeconds,
                ["usages"] = new JsonArray("digital signature", "client auth"),
            },
        };
        try
        {
            return await controlPlane.CreateAsync(Requests, "", body, cancellationToken).ConfigureAwait(false);
        }
        catch (StatusException e) when (e.IsAlreadyExists)
        {
            return null;
        }
    }
}
