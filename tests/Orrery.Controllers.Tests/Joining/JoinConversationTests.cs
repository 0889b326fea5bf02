using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Orrery.Api;
using Orrery.Api.Kinds;
using Orrery.Client;
using Orrery.Controllers.Tests.Road;
using Orrery.Satellite.Joining;
using Orrery.Server.Audit;
using Orrery.Testing;

namespace Orrery.Controllers.Tests.Joining;

/// <summary>
/// What satellites of this version and of former ones ask while they join, and when they renew their certificate, lies as text beside what they ask later
/// (<see cref="ConversationRoadTests"/>), as whom in which order. <c>ORRERY_RECORD</c> names a folder into which it is written anew.
/// </summary>
public sealed partial class JoinConversationTests : IDisposable
{
    private const string Text = "joining.txt", DataPlane = "pa2-par", Nobody = "nobody", Invited = "invited", Joined = "joined";
    private const string Request = "{request}", Name = "{name}", ClusterUid = "{cluster}";

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("orrery-audit-");

    public static TheoryData<string> Versions =>
        [.. Directory.GetFiles(ConversationRoadTests.Folder, Text, SearchOption.AllDirectories).Select(f => Path.GetFileName(Path.GetDirectoryName(f))!).Order(StringComparer.Ordinal)];

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public async Task Satellite_AsksNothingThatIsNotRecorded()
    {
        string path = Path.Combine(folder.FullName, "audit.log");
        var audit = new AuditOptions { Policy = AuditPolicy.Parse("{apiVersion: audit.k8s.io/v1, kind: Policy, omitStages: [RequestReceived], rules: [{level: Request}]}"), Path = path };
        await using JoinWorld world = await JoinWorld.StartAsync(audit, DataPlane);
        TestServer cluster = await world.AddClusterAsync();
        using X509Certificate2 authority = X509Certificate2.CreateFromPem(world.ControlPlane.CaPem);
        JoinInvitation invitation = await world.InviteAsync(DataPlane) with { AuthoritiesPem = null, Pin = ServerTrust.PinOf(authority) };
        await using (world.Satellite(DataPlane, cluster, () => invitation))
        {
            await world.ConditionAsync(DataPlane, OrreryNames.ReadyCondition, "True");
            using X509Certificate2 first = (await JoinWorld.CertificateAsync(cluster))!;
            world.Clock.Shift += JoinWorld.Lifetime * 0.8;
            await Eventually.TrueAsync(
                async () =>
                {
                    using X509Certificate2? now = await JoinWorld.CertificateAsync(cluster);
                    return now?.Thumbprint != first.Thumbprint;
                },
                "the certificate is another", TimeSpan.FromSeconds(60));
        }

        List<Asked> asked = [.. (await File.ReadAllLinesAsync(path)).Where(l => l.EndsWith('}')).Select(l => JsonNode.Parse(l)!).Select(Asked.Of).OfType<Asked>().DistinctBy(a => a.Key)];
        if (Environment.GetEnvironmentVariable("ORRERY_RECORD") is { Length: > 0 } into)
        {
            await File.WriteAllTextAsync(Path.Combine(into, Text), string.Concat(asked.Select(a => a.Body.Length > 0 ? $"{a.Key}\n  {a.Body}\n" : a.Key + "\n")));
            return;
        }

        Assert.Equal(Read(Versions.Last().Data).Select(a => a.Key), asked.Select(a => a.Key));
        Assert.Equal(Read(Versions.Last().Data).Select(a => a.Body), asked.Select(a => a.Body));
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task ControlPlane_LetsInWhoeverAsksAsAFormerSatellite(string version)
    {
        await using JoinWorld world = await JoinWorld.StartAsync(DataPlane);
        JoinInvitation invitation = await world.InviteAsync(DataPlane);
        X509Certificate2? certificate = null;
        ECDsa? key = null;
        string name = "";
        List<string> otherwise = [];
        try
        {
            foreach (Asked asked in Read(version))
            {
                string[] parts = asked.Key.Split(' ');
                if (parts[1] == "POST")
                {
                    // Another request is for another key, by which it is named.
                    key?.Dispose();
                    key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
                    name = $"satellite-{DataPlane}-{Convert.ToHexStringLower(SHA256.HashData(key.ExportSubjectPublicKeyInfo()).AsSpan(0, 16))}";
                }

                using var client = new KubeClient(parts[0] == Nobody ? world.ControlPlane.Config() : parts[0] == Invited ? world.ControlPlane.Config(token: invitation.Token) : world.ControlPlane.Config(certificate!));
                string body = asked.Body.Replace(Request, await SignedAsync(world, key), StringComparison.Ordinal).Replace(Name, name, StringComparison.Ordinal).Replace(ClusterUid, "some-cluster", StringComparison.Ordinal);
                using var content = new StringContent(body, Encoding.UTF8, "application/json");
                using HttpResponseMessage answer = await client.ForwardAsync(new HttpMethod(parts[1]), parts[2].Replace(Name, name.Length > 0 ? name : "unmade", StringComparison.Ordinal), [], false, default, body.Length > 0 ? content : null);

                // Before it is made a request is looked for.
                bool isUnmade = parts[2].EndsWith("/" + Name, StringComparison.Ordinal) && name.Length == 0;
                if (answer.StatusCode is not (HttpStatusCode.OK or HttpStatusCode.Created) && !isUnmade)
                {
                    otherwise.Add($"{(int)answer.StatusCode} {asked.Key}: {await answer.Content.ReadAsStringAsync()}");
                }

                if (parts[1] == "POST")
                {
                    KubeObject issued = await Eventually.SomeAsync(
                        async () => await world.Root.FindAsync(CoreResources.SigningRequests, "", name, default) is var found && found?.TextAt("status", "certificate") is not null ? found : null, $"{asked.Key} is granted", TimeSpan.FromSeconds(60));
                    using X509Certificate2 alone = X509Certificate2.CreateFromPem(Encoding.UTF8.GetString(Convert.FromBase64String(issued.TextAt("status", "certificate")!)));
                    certificate?.Dispose();
                    certificate = alone.CopyWithPrivateKey(key!);
                }
            }

            Assert.Empty(otherwise);
            Assert.NotNull(certificate);
        }
        finally
        {
            certificate?.Dispose();
            key?.Dispose();
        }
    }

    private static async Task<string> SignedAsync(JoinWorld world, ECDsa? key)
    {
        if (key is null)
        {
            return "";
        }

        var subject = new X500DistinguishedNameBuilder();
        subject.AddOrganizationName(OrreryNames.SatelliteGroup);
        subject.AddCommonName(SatelliteUserName.Of(await world.DataPlaneAsync(DataPlane)).ToString());
        return Convert.ToBase64String(Encoding.UTF8.GetBytes(new CertificateRequest(subject.Build(), key, HashAlgorithmName.SHA256).CreateSigningRequestPem()));
    }

    private static List<Asked> Read(string version)
    {
        var read = new List<Asked>();
        foreach (string line in File.ReadAllLines(Path.Combine(ConversationRoadTests.Folder, version, Text)))
        {
            if (line.StartsWith("  ", StringComparison.Ordinal))
            {
                read[^1] = read[^1] with { Body = line[2..] };
            }
            else
            {
                read.Add(new Asked(line, ""));
            }
        }

        return read;
    }

    /// <param name="Key">As whom, how and what, such as <c>invited GET /apis/…</c>.</param>
    /// <param name="Body">What is sent with it; empty for nothing.</param>
    private sealed partial record Asked(string Key, string Body)
    {
        /// <returns>Null for what has nothing to do with joining.</returns>
        public static Asked? Of(JsonNode e)
        {
            string user = (string)e["user"]!["username"]!, path = (string)e["requestURI"]!;
            string? who = user == "system:anonymous" ? Nobody
                : user.StartsWith("system:serviceaccount:dp-pa2-par:join-", StringComparison.Ordinal) ? Invited
                : user.StartsWith("orrery:data-plane:pa2-par", StringComparison.Ordinal) ? Joined
                : null;
            if (who is null || !(path.Contains("/certificatesigningrequests", StringComparison.Ordinal) || path.Contains("/configmaps/", StringComparison.Ordinal) || (who == Invited && path.Contains("/dataplanes/", StringComparison.Ordinal))))
            {
                return null;
            }

            string method = (string)e["verb"]! switch { "get" => "GET", "create" => "POST", var other => other.ToUpperInvariant() };
            string body = "";
            if (e["requestObject"] is JsonObject sent)
            {
                sent["spec"]!["request"] = Request;
                sent["metadata"]!["annotations"]![JoinNames.ClusterUidAnnotation] = ClusterUid;
                body = Named().Replace(sent.ToJsonString(new System.Text.Json.JsonSerializerOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }), Name);
            }

            return new Asked($"{who} {method} {Named().Replace(path, Name)}", body);
        }

        [GeneratedRegex("satellite-pa2-par-[0-9a-f]{32}")]
        private static partial Regex Named();
    }
}
