using Microsoft.AspNetCore.Http;
using Orrery.Server.Admission;

namespace Orrery.Server.Handlers;

/// <summary>What admission says of a request that is being answered: warnings go into the answer's headers, annotations to the audit event where one is kept.</summary>
internal sealed class ResponseNotes(HttpContext http) : IAdmissionNotes
{
    private readonly Lock gate = new();
    private HashSet<string>? said;

    public void Warn(string text)
    {
        if ((said ??= new HashSet<string>(StringComparer.Ordinal)).Add(text))
        {
            Warnings.Add(http.Response, [text]);
        }
    }

    public void Waited(bool isMutating, TimeSpan took)
    {
        // Those that validate are asked all at once.
        lock (gate)
        {
            WebhookWait wait = http.Features.Get<WebhookWait>() ?? new WebhookWait();
            http.Features.Set(isMutating ? wait with { Mutating = wait.Mutating + took } : wait with { Validating = wait.Validating > took ? wait.Validating : took });
        }
    }

    public void Annotate(string key, string value) => http.Features.Get<IAuditAnnotations>()?.Add(key, value);

    public void AnnotateContent(string key, Func<string> value)
    {
        if (http.Features.Get<IAuditAnnotations>() is { HoldsContent: true } annotations)
        {
            annotations.Add(key, value());
        }
    }
}

/// <summary>How long a request has waited for admission webhooks: for the mutating ones in turn, for the slowest of those that validate. A feature of the request.</summary>
internal sealed record WebhookWait(TimeSpan Mutating = default, TimeSpan Validating = default)
{
    public TimeSpan Took => Mutating + Validating;
}

/// <summary>The annotations of a request's audit event: a feature of the request, set by the audit stage where it records the request.</summary>
internal interface IAuditAnnotations
{
    /// <summary>The event holds the body of the request.</summary>
    bool HoldsContent { get; }

    /// <summary>The first value that is given for a key stays.</summary>
    void Add(string key, string value);
}
