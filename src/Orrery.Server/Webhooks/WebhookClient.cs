using System.Buffers;
using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Orrery.Api;
using Orrery.Machinery.Kinds;
using Orrery.Machinery.Schemas;
using Orrery.Server.Registry;

namespace Orrery.Server.Webhooks;

/// <summary>
/// Calls webhooks: a POST of JSON that answers JSON, over TLS. Follows no redirect, uses no proxy, sends a credential only to webhooks of root
/// that the operator gave one for, speaks HTTP/1.1 so that reviews at once reach several backends behind one address, and connects only where <see cref="AddressGuard"/> allows, which is asked for the very address that is connected to.
/// </summary>
internal sealed class WebhookClient(ObjectStore objects, AddressGuard guard, TimeProvider time)
{
    /// <summary>An answer may hold as much as the largest object twice over, in base64.</summary>
    public const int MaxReviewBytes = 8 * 1024 * 1024;

    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan IdleTimeout = TimeSpan.FromMinutes(1);
    private static readonly ResourceDefinition Services = BuiltinResources.Instance.Require("", "v1", "services");

    /// <summary>Connections belong to an address of a configuration: they end, idle, when that is no more.</summary>
    private readonly ConditionalWeakTable<WebhookAddress, ConcurrentDictionary<ClusterName, HttpMessageInvoker>> pools = [];

    /// <param name="cluster">Whose webhook it is.</param>
    /// <param name="timeout">For the whole call.</param>
    /// <param name="deadline">Until when the request has to be answered that this is for; null for no end. Whoever is called is told the shorter time.</param>
    /// <param name="maxBytes">A longer answer counts as none.</param>
    /// <param name="credentials">What the operator gave to show to webhooks of root; null for nothing.</param>
    /// <exception cref="WebhookException">It did not answer 200 with a JSON object in time.</exception>
    public async ValueTask<JsonObject> CallAsync(ClusterName cluster, WebhookAddress address, JsonObject review, TimeSpan timeout, DateTimeOffset? deadline, int maxBytes, WebhookCredentials? credentials, CancellationToken cancellationToken)
    {
        Uri url = WithTimeout(address.Url ?? ServiceUrl(address.Service!), deadline - time.GetUtcNow() is { } left && left < timeout ? left : timeout);
        WebhookCredential? credential = cluster.IsRoot ? credentials?.For(url) : null;
        using var limit = new CancellationTokenSource(timeout, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            return await PostAsync(cluster, address, url, credential, review, maxBytes, both.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new WebhookException($"Post \"{url}\": context deadline exceeded");
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException or AuthenticationException or SocketException)
        {
            throw new WebhookException($"Post \"{url}\": {Innermost(fault)}", fault);
        }
    }

    private async ValueTask<JsonObject> PostAsync(ClusterName cluster, WebhookAddress address, Uri url, WebhookCredential? credential, JsonObject review, int maxBytes, CancellationToken cancellationToken)
    {
        HttpMessageInvoker pool = pools.GetOrCreateValue(address).GetOrAdd(cluster, static (c, made) => made.Client.Pool(c, made.Address, made.Credential), (Client: this, Address: address, Credential: credential));
        using var request = new HttpRequestMessage(HttpMethod.Post, url) { Version = HttpVersion.Version11, VersionPolicy = HttpVersionPolicy.RequestVersionOrLower };
        request.Headers.UserAgent.ParseAdd("orrery-admission");
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        if (credential is not null && await credential.TokenAsync(cancellationToken) is { Length: > 0 } token)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        request.Content = new ByteArrayContent(ObjectEncoding.Write(review));
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using HttpResponseMessage answer = await pool.SendAsync(request, cancellationToken);
        byte[] body = await ReadAsync(answer, maxBytes, cancellationToken);
        if (answer.StatusCode != HttpStatusCode.OK)
        {
            throw new WebhookException(Refusal((int)answer.StatusCode, body));
        }

        try
        {
            return JsonBody.Parse(body) as JsonObject ?? throw new FormatException("it is no object");
        }
        catch (FormatException fault)
        {
            throw new WebhookException($"couldn't get version/kind; json parse error: {fault.Message}", fault);
        }
    }

    /// <param name="credential">Always the same for one address: a configuration has its own addresses, and the operator's credentials do not change.</param>
    private HttpMessageInvoker Pool(ClusterName cluster, WebhookAddress address, WebhookCredential? credential)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectTimeout = ConnectTimeout,
            PooledConnectionIdleTimeout = IdleTimeout,
            MaxResponseHeadersLength = 32,
            SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = Trust(address.CaBundle), ClientCertificates = credential?.Certificate is { } own ? new X509CertificateCollection { own } : null },
            ConnectCallback = (context, cancellationToken) => guard.ConnectAsync(cluster, "a webhook", address.Service is { } service ? Resolve(cluster, service) : context.DnsEndPoint, cancellationToken),
        };
        return new HttpMessageInvoker(handler);
    }

    /// <summary>
    /// There is no pod network here that a Service's own address would mean anything in. One that stands for a name
    /// elsewhere leads there.
    /// </summary>
    private DnsEndPoint Resolve(ClusterName cluster, ServiceReference reference)
    {
        StoredObject found = objects.Find(Services, cluster, reference.Namespace, reference.Name)
            ?? throw new WebhookException($"service \"{reference.Name}\" not found");
        JsonObject spec = StoredJson.Parse(found.Json.Span).ObjectAt("spec");
        return spec.Text("type") == "ExternalName"
            ? new DnsEndPoint(spec.Text("externalName").TrimEnd('.'), reference.Port)
            : throw new WebhookException(
                $"service \"{reference.Name}\" in namespace \"{reference.Namespace}\" cannot be reached: the API server is in no pod network; use a clientConfig.url, or a Service of type ExternalName");
    }

    private static Uri ServiceUrl(ServiceReference service) => new($"https://{service.Host}:{service.Port}/{service.Path.TrimStart('/')}");

    private static Uri WithTimeout(Uri url, TimeSpan timeout) =>
        new UriBuilder(url) { Query = string.Create(CultureInfo.InvariantCulture, $"timeout={Math.Max(1, Math.Ceiling(timeout.TotalSeconds))}s") }.Uri;

    /// <summary>Nothing is downloaded on the word of a certificate: where an issuer is to be had, it says itself, and nobody would ask whether that may be reached.</summary>
    /// <param name="caBundle">Empty trusts what the system trusts.</param>
    private static X509ChainPolicy Trust(string caBundle)
    {
        if (caBundle.Length == 0)
        {
            return new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        }

        var roots = new X509Certificate2Collection();
        try
        {
            roots.ImportFromPem(Encoding.UTF8.GetString(Convert.FromBase64String(caBundle)));
        }
        catch (Exception fault) when (fault is FormatException or CryptographicException)
        {
            throw new WebhookException("unable to load root certificates: " + fault.Message, fault);
        }

        if (roots.Count == 0)
        {
            throw new WebhookException("unable to load root certificates: unable to parse bytes as PEM block");
        }

        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        policy.CustomTrustStore.AddRange(roots);
        return policy;
    }

    private static async ValueTask<byte[]> ReadAsync(HttpResponseMessage answer, int maxBytes, CancellationToken cancellationToken)
    {
        await using Stream body = await answer.Content.ReadAsStreamAsync(cancellationToken);
        var buffer = new ArrayBufferWriter<byte>(4096);
        while (true)
        {
            int read = await body.ReadAsync(buffer.GetMemory(4096), cancellationToken);
            if (read == 0)
            {
                return buffer.WrittenSpan.ToArray();
            }

            buffer.Advance(read);
            if (buffer.WrittenCount > maxBytes)
            {
                throw new WebhookException($"the answer is longer than {maxBytes} bytes");
            }
        }
    }

    /// <summary>As client-go words an answer that is no Status.</summary>
    private static string Refusal(int code, byte[] body)
    {
        const int Shown = 512;
        string text = Encoding.UTF8.GetString(body.AsSpan(0, Math.Min(Shown, body.Length))).Trim();
        return code switch
        {
            404 => "the server could not find the requested resource",
            401 => "the server has asked for the client to provide credentials",
            403 => "the server does not allow access to the requested resource",
            >= 300 and < 400 => $"the server answered {code}, and redirects are not followed",
            >= 500 => $"an error on the server (\"{text}\") has prevented the request from succeeding",
            _ => $"the server rejected our request for an unknown reason ({code})",
        };
    }

    private static string Innermost(Exception fault)
    {
        while (fault is not WebhookException && fault.InnerException is { } inner)
        {
            fault = inner;
        }

        return fault.Message;
    }
}
