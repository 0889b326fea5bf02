using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Orrery.Api;

namespace Orrery.Client;

/// <summary>
/// What an <see cref="ExecCommand"/> made, a token or a certificate or both: kept until it ends (<c>expirationTimestamp</c>, or the certificate's own end), or until the server refuses it.
/// </summary>
/// <param name="basis">Authorities, and what certificate there is without the command's.</param>
internal sealed class ExecCredential(ExecCommand command, Func<TlsIdentity> basis, TimeProvider time) : IDisposable
{
    /// <summary>Made anew this long before it ends, so that it does not end under way.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(10);

    /// <summary>The command is not run again within this time, whatever became of it: dozens ask at once when something is wrong.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

    private readonly SemaphoreSlim gate = new(1, 1);
    private volatile Made? current;
    private volatile Made? refused;
    private volatile Composed? composed;

    /// <exception cref="HttpRequestException">The command makes no credential.</exception>
    public async ValueTask<string?> TokenAsync(CancellationToken cancellationToken)
    {
        Made? made = current;
        if (made is null || IsDue(made))
        {
            await gate.WaitAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                made = current is { } fresh && !IsDue(fresh) ? fresh : current = await MakeAsync(cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                gate.Release();
            }
        }

        return made.Fault is { } fault ? throw command.Fault(fault) : made.Token;
    }

    /// <summary>With the command's certificate, once <see cref="TokenAsync"/> has run it.</summary>
    public TlsIdentity Tls()
    {
        TlsIdentity under = basis();
        if (current?.Certificate is not { } certificate)
        {
            return under;
        }

        Composed? known = composed;
        if (known is null || !ReferenceEquals(known.Under, under) || !ReferenceEquals(known.Tls.Certificate, certificate))
        {
            composed = known = new Composed(under, under with { Certificate = certificate });
        }

        return known.Tls;
    }

    /// <summary>The server did not take it.</summary>
    public void Refuse() => refused = current;

    public void Dispose() => gate.Dispose();

    private bool IsDue(Made made) =>
        (made.Fault is not null || ReferenceEquals(made, refused) || time.GetUtcNow() >= made.Ends - Margin) && time.GetElapsedTime(made.At) >= Pause;

    private async Task<Made> MakeAsync(CancellationToken cancellationToken)
    {
        try
        {
            JsonObject status = await command.RunAsync(time, cancellationToken).ConfigureAwait(false);
            return Read(status);
        }
        catch (HttpRequestException e)
        {
            // What was made before is good perhaps, and perhaps not: the server knows.
            string about = $"credential command '{command.Program}' ";
            return new Made(time.GetTimestamp(), DateTimeOffset.MaxValue) { Fault = e.Message.StartsWith(about, StringComparison.Ordinal) ? e.Message[about.Length..] : e.Message };
        }
    }

    private Made Read(JsonObject status)
    {
        string? token = status.TextAt("token") is { Length: > 0 } text ? text : null;
        string? pem = status.TextAt("clientCertificateData"), key = status.TextAt("clientKeyData");
        if ((pem is null) != (key is null) || (token is null && pem is null))
        {
            throw command.Fault("answered neither status.token nor status.clientCertificateData with status.clientKeyData");
        }

        DateTimeOffset ends = DateTimeOffset.MaxValue;
        if (status.TextAt("expirationTimestamp") is { } said && !DateTimeOffset.TryParse(said, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out ends))
        {
            throw command.Fault("answered a status.expirationTimestamp that is no time");
        }

        if (pem is null)
        {
            return new Made(time.GetTimestamp(), ends) { Token = token };
        }

        if (current is { Certificate: not null } before && before.Pem == pem)
        {
            // The same once more, for which nobody need connect anew.
            return before with { At = time.GetTimestamp(), Ends = ends, Token = token };
        }

        try
        {
            var certificate = X509Certificate2.CreateFromPem(pem, key);
            DateTimeOffset over = certificate.NotAfter.ToUniversalTime();
            return new Made(time.GetTimestamp(), ends < over ? ends : over) { Token = token, Certificate = certificate, Pem = pem };
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw command.Fault("answered a certificate and key that do not belong together, or are none", e);
        }
    }

    /// <param name="At">When, by the clock that never jumps.</param>
    private sealed record Made(long At, DateTimeOffset Ends)
    {
        public string? Token { get; init; }

        public X509Certificate2? Certificate { get; init; }

        public string? Pem { get; init; }

        /// <summary>Why there is none.</summary>
        public string? Fault { get; init; }
    }

    private sealed record Composed(TlsIdentity Under, TlsIdentity Tls);
}
