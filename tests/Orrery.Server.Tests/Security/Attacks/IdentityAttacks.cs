using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Client;
using Orrery.Server.Authentication;
using Orrery.Server.Security;

namespace Orrery.Server.Tests.Security.Attacks;

/// <summary>Ways to be taken for somebody else, or somewhere else.</summary>
public sealed class IdentityAttacks(AttackWorld world) : IClassFixture<AttackWorld>
{
    private const string Root = "/api/v1/namespaces/default/secrets/canary";
    private const string Other = "/clusters/beta/shop/api/v1/namespaces/default/secrets/canary";

    private static readonly int[] No = [400, 401, 403];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static TheoryData<Attempt> Headers =>
    [
        .. from target in (string[])[Root, Other]
           from headers in (string[][])
           [
               ["X-Remote-User: admin", "X-Remote-Group: system:masters", "X-Remote-Extra-Scopes: all"],
               ["X-Forwarded-User: admin", "X-Forwarded-Client-Cert: Subject=\"CN=admin,O=system:masters\"", "SSL_CLIENT_S_DN: CN=admin"],
               ["Authorization: Basic YWRtaW46YWRtaW4="], ["Authorization: Bearer"], ["Authorization: Bearer null"], ["Authorization: bearer  "], ["Authorization: Negotiate AAAA"],
               ["Authorization: Bearer {token}", "Impersonate-User: admin", "Impersonate-Group: system:masters"],
               ["Authorization: Bearer {token}", "Impersonate-User: system:orrery"],
               ["Authorization: Bearer {token}", "Impersonate-User: system:serviceaccount:kube-system:default", "Impersonate-Extra-orrery.dev%2fcluster: *"],
               ["Impersonate-User: admin", "Impersonate-Group: system:masters"],
               ["Authorization: Bearer {token}", "Authorization: Bearer {token}"],
               ["Sec-WebSocket-Protocol: base64url.bearer.authorization.k8s.io.e30", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="],
           ]
           select new Attempt($"{target} with {string.Join(", ", headers)}", "GET", target, No, headers),
        new Attempt("a token in the query", "GET", Root + "?access_token={token}&token={token}", No, []),
    ];

    [Theory]
    [MemberData(nameof(Headers))]
    public Task Headers_ThatClaimAnIdentity_GiveNone(Attempt attempt) => world.RefuseAsync(attempt);

    public static TheoryData<string> Forgeries => [.. Forge("", new JsonObject()).Select(f => f.What)];

    [Theory]
    [MemberData(nameof(Forgeries))]
    public async Task Token_Forged_IsRefusedEverywhere(string what)
    {
        JsonObject keys = JsonNode.Parse(await RawAsync("/openid/v1/jwks"))!.AsObject();
        string token = Forge(world.Token, keys).Single(f => f.What == what).Token;

        foreach (string target in (string[])[Root, Other, "/clusters/acme/shop/api/v1/namespaces/default/secrets"])
        {
            await world.RefuseAsync(new Attempt($"{what} at {target}", "GET", target, [400, 401], [$"Authorization: Bearer {token}"]));
        }
    }

    [Fact]
    public async Task Certificate_ThatTheClusterSigns_IsGoodThereAlone_WhateverItNames()
    {
        using RSA key = RSA.Create(2048);
        var request = new CertificateRequest("CN=mallory,O=acme", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddUri(new Uri("orrery://clusters/"));
        names.AddUri(new Uri("orrery://clusters/*"));
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        using X509Certificate2 signed = (await SignAsync(request, "spy")).CopyWithPrivateKey(key);

        using var client = new KubeClient(world.Server.Config(signed));
        Assert.Equal(401, (await Assert.ThrowsAsync<StatusException>(() => client.GetTextAsync(Root, Cancel))).Code);
        Assert.Equal(401, (await Assert.ThrowsAsync<StatusException>(() => client.GetTextAsync(Other, Cancel))).Code);
        Assert.Equal("mallory", (await client.InCluster(AttackWorld.Acme).CreateAsync(new GroupVersionResource("authentication.k8s.io", "v1", "selfsubjectreviews"), "", [], Cancel)).TextAt("status", "userInfo", "username"));
        Assert.Equal(["orrery://clusters/acme/shop"], Uris(signed).Select(u => u.Split('?')[0]));
        await world.UntouchedAsync();
    }

    [Theory]
    [InlineData("kubernetes.io/kube-apiserver-client", "CN=x,O=system:masters", "client auth", 422, 403)]
    [InlineData("kubernetes.io/kube-apiserver-client", "CN=x,O=people,OU=a+O=system:masters", "client auth", 422, 403)]
    [InlineData("kubernetes.io/kubelet-serving", "CN=system:node:x,O=system:nodes", "server auth", 201, 422)]
    [InlineData("kubernetes.io/kube-apiserver-client-kubelet", "CN=root,O=system:masters", "client auth", 201, 422, 403)]
    public async Task Certificate_OfMastersOrOfAServer_IsNotSigned(string signer, string subject, string usage, params int[] codes)
    {
        using RSA key = RSA.Create(2048);
        JsonObject body = Csr(new CertificateRequest(Orrery.Testing.DistinguishedName.Of(subject), key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1), $"no-{Math.Abs(subject.GetHashCode(StringComparison.Ordinal))}-{usage.Length}", signer, usage);
        try
        {
            KubeObject made = await world.Attacker.CreateAsync(Requests, "", body, Cancel);
            await ApproveAsync(made);
            await Task.Yield();
            await Orrery.Testing.Eventually.TrueAsync(async () =>
            {
                KubeObject now = await world.Attacker.GetAsync(Requests, "", made.Name, Cancel);
                Assert.Null(now.TextAt("status", "certificate"));
                return signer.EndsWith("serving", StringComparison.Ordinal) || now.ToJsonObject().ToJsonString().Contains("Failed", StringComparison.Ordinal);
            }, "it is refused", cancellationToken: Cancel);
        }
        catch (StatusException refused)
        {
            Assert.Contains(refused.Code, codes);
        }
    }

    [Fact]
    public async Task Certificate_OfAnotherAuthority_OfTheSameName_IsRefused()
    {
        using CertificateAuthority fake = CertificateAuthority.Create("test authority", TimeSpan.FromDays(1), TimeProvider.System);
        foreach (ClusterScope scope in (ClusterScope[])[ClusterScope.Root, ClusterScope.All])
        {
            using var client = new KubeClient(world.Server.Config(fake.IssueClient("admin", ["system:masters"], scope, TimeSpan.FromHours(1)).ToX509()));
            Assert.Equal(401, (await Assert.ThrowsAsync<StatusException>(() => client.GetTextAsync(Root, Cancel))).Code);
        }
    }

    [Fact]
    public async Task Reviews_TellNothingOfOtherClusters()
    {
        string theirs = world.Server.AdminToken(AttackWorld.Beta), roots = world.Server.AdminToken(ClusterName.Root);
        foreach (string token in (string[])[theirs, roots])
        {
            KubeObject review = await world.Attacker.CreateAsync(new GroupVersionResource("authentication.k8s.io", "v1", "tokenreviews"), "", new JsonObject { ["spec"] = new JsonObject { ["token"] = token } }, Cancel);
            Assert.NotEqual("true", review.At("status", "authenticated")?.ToString().ToLowerInvariant());
            Assert.Null(review.TextAt("status", "user", "username"));
        }

        Assert.Equal(401, (await world.SendAsync(new Attempt("", "POST", "/clusters/beta/shop/api/v1/namespaces/default/serviceaccounts/default/token", [], null, "{}"))).Code);
    }

    private static readonly GroupVersionResource Requests = new("certificates.k8s.io", "v1", "certificatesigningrequests");

    private static JsonObject Csr(CertificateRequest request, string name, string signer, string usage) => new()
    {
        ["metadata"] = new JsonObject { ["name"] = name },
        ["spec"] = new JsonObject
        {
            ["request"] = Convert.ToBase64String(Encoding.ASCII.GetBytes(request.CreateSigningRequestPem())),
            ["signerName"] = signer,
            ["usages"] = new JsonArray(usage, "digital signature"),
        },
    };

    private async Task<X509Certificate2> SignAsync(CertificateRequest request, string name)
    {
        await ApproveAsync(await world.Attacker.CreateAsync(Requests, "", Csr(request, name, "kubernetes.io/kube-apiserver-client", "client auth"), Cancel));
        string pem = await Orrery.Testing.Eventually.SomeAsync(async () => (await world.Attacker.GetAsync(Requests, "", name, Cancel)).TextAt("status", "certificate"), "it is signed", cancellationToken: Cancel);
        return X509Certificate2.CreateFromPem(Encoding.ASCII.GetString(Convert.FromBase64String(pem)));
    }

    private async Task ApproveAsync(KubeObject request)
    {
        JsonObject json = request.ToJsonObject();
        json["status"] = new JsonObject { ["conditions"] = new JsonArray(new JsonObject { ["type"] = "Approved", ["status"] = "True", ["reason"] = "Me", ["message"] = "me" }) };
        (int code, string answer) = await world.SendAsync(new Attempt("", "PUT", $"/clusters/acme/shop/apis/certificates.k8s.io/v1/certificatesigningrequests/{request.Name}/approval", [], null, json.ToJsonString()));
        Assert.True(code == 200, answer);
    }

    private static IEnumerable<string> Uris(X509Certificate2 certificate) => certificate.Extensions
        .Where(e => e.Oid?.Value == "2.5.29.17")
        .SelectMany(e => Encoding.Latin1.GetString(e.RawData).Split("orrery://").Skip(1).Select(u => "orrery://" + u));

    private async Task<string> RawAsync(string path) => await world.Server.Admin.GetTextAsync(path, Cancel);

    /// <summary>Tokens that nobody issued, made of one that somebody did and of what is published.</summary>
    /// <param name="keys">The published key set.</param>
    private static IEnumerable<(string What, string Token)> Forge(string token, JsonObject keys)
    {
        string[] parts = token.Length > 0 ? token.Split('.') : ["e30", "e30", ""];
        JsonObject claims = Read(parts[1]), header = Read(parts[0]);
        string kid = header["kid"]?.GetValue<string>() ?? "", published = keys["keys"]?[0]?.ToJsonString() ?? "";
        string Of(JsonObject h, JsonObject c, string signature = "") => $"{Part(h)}.{Part(c)}.{signature}";
        string Mac(string name, byte[] secret)
        {
            string signed = $"{Part(new JsonObject { ["alg"] = name, ["kid"] = kid })}.{Part(AsRoot())}";
            return $"{signed}.{Base64Url.EncodeToString(HMACSHA256.HashData(secret, Encoding.ASCII.GetBytes(signed)))}";
        }

        JsonObject AsRoot(string cluster = "")
        {
            JsonObject changed = (JsonObject)claims.DeepClone();
            changed["orrery.dev/cluster"] = cluster;
            changed.Remove("orrery.dev/cluster-uid");
            return changed;
        }

        yield return ("no algorithm", Of(new JsonObject { ["alg"] = "none" }, AsRoot()));
        yield return ("no algorithm, spelled otherwise", Of(new JsonObject { ["alg"] = "nOnE", ["kid"] = kid }, AsRoot(), parts[2]));
        yield return ("no algorithm at all", Of(new JsonObject { ["kid"] = kid }, AsRoot(), parts[2]));
        yield return ("a MAC by the published key", Mac("HS256", Encoding.UTF8.GetBytes(published)));
        yield return ("a MAC by nothing", Mac("HS256", []));
        yield return ("another algorithm's name for a MAC", Mac("ES256", Encoding.UTF8.GetBytes(published)));
        yield return ("claims changed to root's", $"{parts[0]}.{Part(AsRoot())}.{parts[2]}");
        yield return ("claims changed to all clusters", $"{parts[0]}.{Part(AsRoot("*"))}.{parts[2]}");
        yield return ("claims changed to the other tenant", $"{parts[0]}.{Part(AsRoot("beta/shop"))}.{parts[2]}");
        yield return ("a signature of zeros", $"{parts[0]}.{Part(AsRoot())}.{Base64Url.EncodeToString(new byte[64])}");
        yield return ("an empty signature", $"{parts[0]}.{Part(AsRoot())}.");
        yield return ("a signature cut short", $"{parts[0]}.{parts[1]}.{parts[2][..(parts[2].Length / 2)]}");
        yield return ("a key that leads to a file", Of(new JsonObject { ["alg"] = "ES256", ["kid"] = "../../../dev/null" }, AsRoot(), Base64Url.EncodeToString(new byte[64])));
        foreach ((string what, string member, JsonNode value) in ((string, string, JsonNode)[])[
            ("a key in the header", "jwk", OwnJwk()), ("a key elsewhere", "jku", "https://127.0.0.1/keys"), ("a certificate elsewhere", "x5u", "https://127.0.0.1/cert"),
            ("something critical", "crit", new JsonArray("exp")), ("claims that are not encoded", "b64", false)])
        {
            using ECDsa own = OwnKey();
            string signed = $"{Part(new JsonObject { ["alg"] = "ES256", ["kid"] = "mine", [member] = value })}.{Part(AsRoot())}";
            yield return (what, $"{signed}.{Base64Url.EncodeToString(own.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256))}");
        }

        using ECDsa stranger = OwnKey();
        string mine = $"{Part(new JsonObject { ["alg"] = "ES256", ["kid"] = kid })}.{Part(AsRoot())}";
        yield return ("another key under the right name", $"{mine}.{Base64Url.EncodeToString(stranger.SignData(Encoding.ASCII.GetBytes(mine), HashAlgorithmName.SHA256))}");
        yield return ("four parts", token + ".x");
        yield return ("padding", $"{parts[0]}=.{parts[1]}.{parts[2]}");
        yield return ("something behind it", token + "%00");
        yield return ("twenty thousand bytes", new string('a', 20_000));
        yield return ("encrypted", "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..AAAA.AAAA.AAAA");
    }

    private static ECDsa OwnKey() => ECDsa.Create(ECCurve.NamedCurves.nistP256);

    private static JsonObject OwnJwk()
    {
        using ECDsa key = OwnKey();
        ECParameters point = key.ExportParameters(false);
        return new JsonObject { ["kty"] = "EC", ["crv"] = "P-256", ["x"] = Base64Url.EncodeToString(point.Q.X), ["y"] = Base64Url.EncodeToString(point.Q.Y) };
    }

    private static JsonObject Read(string part) => JsonNode.Parse(Base64Url.DecodeFromChars(part))!.AsObject();

    private static string Part(JsonObject json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json.ToJsonString()));
}
